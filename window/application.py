"""Puts the pages, the streams and the guard together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from window.access.browsers import PairedBrowsers
from window.access.guard import Guard, Policy, RefusedError, refusal
from window.access.hosts import known_names
from window.box.broadcast import Broadcast
from window.box.client import BoxClient
from window.pages.actions import act
from window.pages.aim import AimPage
from window.pages.health import HealthPage
from window.pages.music import MusicPage
from window.pages.pairing import Pairing
from window.pages.rendering import page
from window.pages.static import PUBLIC, StaticFiles
from window.pages.streams import EventStreams
from window.uploads.folder import RESERVE_BYTES, UploadFolder

MAX_STATUS_STREAMS = 16
MAX_WATCHERS = 4  # of the live picture
PUBLIC_PATHS = ("/pair", "/open/", *(f"/static/{name}" for name in PUBLIC))

Endpoint = Callable[[Request], Awaitable[Response]]


class Window:
    """The application, and what the process needs to know of it.

    Attributes:
        paths: Of all pages, streams and requests, in braces what varies, with the methods of each.
    """

    def __init__(
        self,
        *,
        socket: Path,
        state: Path,
        uploads: Path | None = None,
        names: Iterable[str] = (),
        reserve_bytes: int = RESERVE_BYTES,
    ) -> None:
        """Put it together; nothing is opened yet.

        Args:
            socket: The box's control socket.
            state: The window's own folder.
            uploads: Where songs may be written; None for nowhere.
            names: Further names of this machine.
            reserve_bytes: What uploads leave free on the disk.
        """
        self._box = BoxClient(socket)
        self.browsers = PairedBrowsers(state / "browsers.json")
        self.pairing = Pairing(self.browsers, self._box)
        self._status = EventStreams(Broadcast(lambda: self._box.lines("subscribe")), MAX_STATUS_STREAMS)
        frames = EventStreams(Broadcast(lambda: self._box.lines("frames"), again=False), MAX_WATCHERS)
        self._aim = AimPage(self._box, frames, self.browsers)
        self._music = MusicPage(UploadFolder(uploads, reserve_bytes))
        self._health = HealthPage(self.browsers)
        routes = self._routes()
        self.paths: dict[str, frozenset[str]] = {}
        for route in routes:
            self.paths[route.path] = self.paths.get(route.path, frozenset()) | (route.methods or set())
        inner = Starlette(
            routes=routes,
            exception_handlers={HTTPException: _not_there, RefusedError: _refused, ClientDisconnect: _gone},
        )
        inner.router.redirect_slashes = False
        self.app: ASGIApp = Guard(
            inner,
            Policy(known_names(names), PUBLIC_PATHS, ("/upload/",)),
            self.browsers,
            Starlette(routes=[Route("/{path:path}", self.pairing.refuse, methods=["GET", "POST", "PUT"])]),
        )

    def _routes(self) -> list[Route]:
        return [
            Route("/", self._now),
            Route("/pair", self.pairing.show, methods=["GET"]),
            Route("/pair", self.pairing.by_button, methods=["POST"]),
            Route("/open/{code}", self.pairing.open_link, methods=["GET"]),
            Route("/open/{code}", self.pairing.by_link, methods=["POST"]),
            Route("/events", self._events),
            Route("/aim", self._aim.show),
            Route("/aim/allow", self._aim.allow, methods=["POST"]),
            Route("/aim/stop", self._aim.stop, methods=["POST"]),
            Route("/frames", self._aim.watch),
            Route("/music", self._music.show),
            Route("/upload/{name}", self._music.upload, methods=["PUT"]),
            Route("/settings", partial(show, name="settings")),
            Route("/health", self._health.show),
            Route("/journal", self._health.journal),
            Route("/browsers/{key}/send-away", self._health.send_away, methods=["POST"]),
            Route("/welcome", self._music.welcome),
            Route("/do", self._do, methods=["POST"]),
            Route("/static/{name}", StaticFiles().__call__),
        ]

    async def _now(self, request: Request) -> Response:
        response = page(request, "now")
        self.pairing.renew(request, response)
        return response

    async def _do(self, request: Request) -> Response:
        return await act(request, self._box)

    async def _events(self, request: Request) -> Response:
        key = request.scope["browser"].key
        return self._status.open(request, lambda: key in self.browsers)


async def show(request: Request, name: str) -> Response:
    """Return a page that needs nothing besides its texts."""
    return page(request, name)


async def _not_there(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return JSONResponse({"error": "There is no such page."}, status)


async def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # nobody reads it


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return refusal(error)
