"""The page Aim: the live picture, after the box's own button was pressed to allow it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from window.box.client import BUTTON_S, BoxClient, BoxError
from window.pages.rendering import page


class AimPage:
    """The page, and the question whether it may show the picture."""

    def __init__(self, box: BoxClient) -> None:
        """Take the box."""
        self._box = box

    async def show(self, request: Request) -> Response:
        """The page."""
        return page(request, "aim")

    async def allow(self, _request: Request) -> Response:
        """Wait for the button."""
        try:
            await self._box.ask("allow", what="aim", patience_s=BUTTON_S + 5)
        except BoxError as error:
            return JSONResponse({"error": str(error)}, 409)
        return JSONResponse({"ok": True})
