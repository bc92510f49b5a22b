"""What the page Music asks: the library piece by piece, and a song that is uploaded."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from window.access.guard import RefusedError
from window.pages.rendering import page
from window.uploads.folder import MAX_BYTES, UploadError, UploadFolder


class MusicPage:
    """The page and its uploads."""

    def __init__(self, uploads: UploadFolder) -> None:
        """Take the folder for uploads."""
        self._uploads = uploads

    async def show(self, request: Request) -> Response:
        """The page."""
        return page(request, "music", uploads=self._uploads.is_open, most_mb=MAX_BYTES >> 20)

    async def welcome(self, request: Request) -> Response:
        """The first visit, a part of which is about music."""
        return page(request, "welcome", uploads=self._uploads.is_open, most_mb=MAX_BYTES >> 20)

    async def upload(self, request: Request) -> Response:
        """Take the song in the body."""
        length = request.headers.get("content-length", "")
        if not re.fullmatch(r"[0-9]{1,15}", length):
            raise RefusedError(411, "How large is it? The header Content-Length is missing.")
        if int(length) > MAX_BYTES:
            raise RefusedError(413, f"A song may have {MAX_BYTES >> 20} MB at most.")
        try:
            name = await self._uploads.take(request.path_params["name"], request.stream(), int(length))
        except UploadError as error:
            raise RefusedError(422, str(error)) from error
        return JSONResponse({"ok": True, "name": name})
