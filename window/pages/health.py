"""The page Health: what is beside the box's own answers, and the browsers that are let in."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from window.access.browsers import PairedBrowsers
from window.access.guard import RefusedError
from window.box.journal import last_lines, moods_today, releases
from window.pages.rendering import page


class HealthPage:
    """The page, the journal, and the list of browsers."""

    def __init__(self, browsers: PairedBrowsers) -> None:
        """Take the list."""
        self._browsers = browsers

    async def show(self, request: Request) -> Response:
        """The page."""
        listed = [
            {
                "key": each.key,
                "name": each.name,
                "paired": _day(each.paired),
                "seen": _day(each.seen),
                "here": each.key == request.scope["browser"].key,
            }
            for each in self._browsers
        ]
        return page(request, "health", browsers=listed)

    async def journal(self, _request: Request) -> Response:
        """The last lines of the journal, today's moods in it, and the releases."""
        return JSONResponse(
            {"lines": await last_lines(), "moods": await moods_today(), "releases": releases()}
        )

    async def send_away(self, request: Request) -> Response:
        """Remove a browser from the list."""
        try:
            was_there = self._browsers.send_away(request.path_params["key"])
        except OSError as error:
            raise RefusedError(
                507, f"It is out until the page starts again: the list cannot be written ({error.strerror})."
            ) from error
        if not was_there:
            raise RefusedError(404, "That browser is not in the list any more.")
        return JSONResponse({"ok": True})


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
