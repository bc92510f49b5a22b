"""Pairing: a browser is let in by a press of the box's button, or by the link that the command prints."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from device.control.page_commands import Allow
from device.rate_limit import RateLimit
from window.access.browsers import PairedBrowsers
from window.access.guard import COOKIE, RefusedError, secret_in
from window.box.client import BoxClient, BoxError, NoBoxError
from window.pages.rendering import page

COOKIE_S = 400 * 86400
"""Browsers keep a cookie for no longer; each visit begins this time again."""
ATTEMPTS, ATTEMPTS_PER_S = 3, 1 / 600
"""Without a press, of all browsers together: whoever asks all the time would be let in by the next press that
was meant for a look, and would take it away.
"""
EVERYBODY = ""
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)


class Pairing:
    """Lets browsers in.

    Attributes:
        on_link_used: Called once a link has let a browser in, so that there can be another.
    """

    def __init__(self, browsers: PairedBrowsers, box: BoxClient) -> None:
        """Take the list and the box."""
        self._browsers = browsers
        self._box = box
        self._link: str | None = None
        self.on_link_used: Callable[[], object] = lambda: None
        self._rate = RateLimit(ATTEMPTS, ATTEMPTS_PER_S)

    def new_link(self) -> str:
        """Return the path of a link that pairs one browser, once."""
        self._link = secrets.token_urlsafe(24)
        return f"/open/{self._link}"

    async def show(self, request: Request) -> Response:
        """The page that says how to pair."""
        if request.scope["browser"]:
            return RedirectResponse("/", 303)
        path = request.url.path
        status = 200 if path == "/pair" else 403
        return page(request, "pair", status, link="old" if path.startswith("/open/") else "")

    async def refuse(self, request: Request) -> Response:
        """Answer a browser that is not paired."""
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return await self.show(request)
        return JSONResponse({"error": "This browser is not paired with the box."}, 403)

    async def by_button(self, request: Request) -> Response:
        """Wait for the button, and pair."""
        if not self._rate.allows(EVERYBODY):
            raise RefusedError(429, "Too many attempts without a press: wait ten minutes.")
        try:
            await self._box.ask("allow", what="pair", patience_s=Allow.reply_timeout_s)
        except BoxError as error:
            if isinstance(error, NoBoxError):  # so nobody was asked
                self._rate.give_back(EVERYBODY)
            return JSONResponse({"error": str(error)}, 409)
        self._rate.give_back(EVERYBODY)
        is_first = not len(self._browsers)
        return self._let_in(request, JSONResponse({"ok": True, "first": is_first}))

    async def open_link(self, request: Request) -> Response:
        """The page behind a link, whose script pairs.

        Looking at a link does not use it: messengers ask for a preview, browsers fetch pages in advance.
        """
        if not self._is_link(request):
            return await self.show(request)
        return page(request, "pair", link="new")

    async def by_link(self, request: Request) -> Response:
        """Pair the browser that shows the page behind the link."""
        if not self._is_link(request):
            raise RefusedError(403, "This link no longer lets a browser in: load this page again.")
        self._link = None
        self.on_link_used()
        return self._let_in(request, JSONResponse({"ok": True}))

    def _is_link(self, request: Request) -> bool:
        code: str = request.path_params["code"]
        return self._link is not None and hmac.compare_digest(
            code.encode("utf-8", "replace"), self._link.encode()
        )

    def renew(self, request: Request, response: Response) -> None:
        """Let a paired browser keep its cookie for longer."""
        if secret := secret_in(request.headers):
            _set_cookie(response, secret)

    def _let_in(self, request: Request, response: Response) -> Response:
        secret = self._browsers.pair(name_of(request.headers.get("user-agent", "")))
        _set_cookie(response, secret)
        return response


def _set_cookie(response: Response, secret: str) -> None:
    # Not `secure`: there is no TLS on a home's network, for whose names nobody gives out certificates.
    response.set_cookie(COOKIE, secret, max_age=COOKIE_S, httponly=True, samesite="lax")


def name_of(user_agent: str) -> str:
    """Return a short name for a browser, such as "Firefox on Android"."""
    browser = next((name for word, name in BROWSERS if word in user_agent), "Browser")
    system = next((name for word, name in SYSTEMS if word in user_agent), None)
    return f"{browser} on {system}" if system else browser
