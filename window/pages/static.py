"""The style sheet, scripts and icons: a fixed table, so that no path leads to any other file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).resolve().parent.parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
PUBLIC = ("style.css", "page.js", "pair.js", "icon.svg", "site.webmanifest")
"""What the page for pairing needs."""


def _read() -> dict[str, tuple[bytes, str, str]]:
    files = {}
    for file in FOLDER.iterdir():
        if file.suffix in TYPES:
            content = file.read_bytes()
            tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
            files[file.name] = (content, TYPES[file.suffix], tag)
    return files


class StaticFiles:
    """Answers requests for them. A browser asks each time whether its copy is still the right one."""

    def __init__(self) -> None:
        """Read them all: they are small."""
        self._files = _read()

    async def __call__(self, request: Request) -> Response:
        """Return a file, or say that the browser has it already."""
        try:
            content, kind, tag = self._files[request.path_params["name"]]
        except KeyError:
            raise HTTPException(404) from None
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=kind)
