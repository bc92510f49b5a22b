"""The page Aim: the live picture, after the box's own button was pressed to allow it."""

from __future__ import annotations

from time import monotonic

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from device.control.page_commands import PICTURE_ALLOWED_S, Allow
from window.access.browsers import PairedBrowsers
from window.box.client import BoxClient, BoxError
from window.pages.rendering import page
from window.pages.streams import EventStreams

NOT_ALLOWED = "the picture is closed: ask for it again, and press the box's button"


class AimPage:
    """The page, and the question whether it may show the picture.

    A press allows it to the browser that has asked, which may leave and come back meanwhile, and to no other.
    """

    def __init__(self, box: BoxClient, frames: EventStreams, browsers: PairedBrowsers) -> None:
        """Take the box, the streams of its frames, and the browsers that are paired."""
        self._box = box
        self._frames = frames
        self._browsers = browsers
        self._until: dict[str, float] = {}  # monotonic seconds, by the browser's key

    async def show(self, request: Request) -> Response:
        """The page, which opens the picture at once where it still may."""
        return page(request, "aim", may_watch=self._may_watch(request.scope["browser"].key))

    async def allow(self, request: Request) -> Response:
        """Wait for the button, unless this browser may still see the picture."""
        key = request.scope["browser"].key
        if not self._may_watch(key):
            try:
                await self._box.ask("allow", what="aim", patience_s=Allow.reply_timeout_s)
            except BoxError as error:
                return JSONResponse({"error": str(error)}, 409)
            if key not in self._browsers:  # somebody has sent it away meanwhile
                return JSONResponse({"error": NOT_ALLOWED}, 403)
            now = monotonic()
            self._until = {each: until for each, until in self._until.items() if until > now}
            self._until[key] = now + PICTURE_ALLOWED_S
        return JSONResponse({"ok": True})

    async def watch(self, request: Request) -> Response:
        """The frames, while this browser may see them."""
        key = request.scope["browser"].key
        # Where the box ends them, as when it starts again, it wants another press.
        return self._frames.open(
            request,
            lambda: self._may_watch(key),
            closed=NOT_ALLOWED,
            on_error=lambda: self._until.pop(key, None),
        )

    async def stop(self, _request: Request) -> Response:
        """Close the picture for everybody, until another press."""
        self._until.clear()
        try:
            return JSONResponse(await self._box.ask("stop-frames"))
        except BoxError as error:
            return JSONResponse({"error": str(error)}, 409)

    def _may_watch(self, key: str) -> bool:
        return key in self._browsers and monotonic() < self._until.get(key, 0.0)
