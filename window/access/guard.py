"""What every request has to pass before a page sees it: host, origin, rate, size, and a browser's cookie."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Collection
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from device.rate_limit import RateLimit
from window.access.browsers import PairedBrowsers, form_token
from window.access.hosts import is_own_host

COOKIE = "moodbox"
TOKEN_HEADER = "X-Form-Token"  # noqa: S105 - a header's name
MAX_BODY_BYTES = 16 << 10
BODY_S = 20.0
"""Seconds in which the next part of a body has to come."""
MAX_PATH_BYTES = 2048
BURST, REQUESTS_PER_S = 120, 20
READING, CHANGING = ("GET", "HEAD"), ("POST", "PUT")
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


class RefusedError(Exception):
    """A request is refused; the message is for people."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Policy:
    """What may pass.

    Attributes:
        names: The machine's own names.
        public: Paths for browsers that are not paired.
        own_bounds: Paths that bound a body themselves.
    """

    names: Collection[str]
    public: Collection[str]
    own_bounds: Collection[str] = ()

    def is_public(self, path: str) -> bool:
        """Tell whether everybody may ask for this path."""
        return any(path == each or (each.endswith("/") and path.startswith(each)) for each in self.public)


class Guard:
    """The middleware. Behind it, `scope["browser"]` is the paired browser, or None on a public path."""

    def __init__(self, app: ASGIApp, policy: Policy, browsers: PairedBrowsers, refused: ASGIApp) -> None:
        """Stand before an application.

        Args:
            app: The application.
            policy: What may pass.
            browsers: Those that are paired.
            refused: Answers a browser that is not.
        """
        self._app = app
        self._policy = policy
        self._browsers = browsers
        self._refused = refused
        self._rate = RateLimit(BURST, REQUESTS_PER_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it."""
        if scope["type"] != "http":
            return
        send = _with_headers(send)
        try:
            app = self._checked(scope)
        except RefusedError as error:
            await refusal(error)(scope, receive, send)
            return
        bound = None if _is_below(scope["path"], self._policy.own_bounds) else MAX_BODY_BYTES
        await app(scope, _bounded(receive, bound), send)

    def _checked(self, scope: Scope) -> ASGIApp:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        own_address = scope["server"][0] if scope.get("server") else None
        if len(headers.getlist("host")) != 1 or not is_own_host(host, own_address, self._policy.names):
            raise RefusedError(421, "This box does not go by that name.")
        if not self._rate.allows(scope["client"][0] if scope.get("client") else ""):
            raise RefusedError(429, "Too many requests: wait a moment.")
        if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_PATH_BYTES:
            raise RefusedError(414, "That address is too long.")
        if not (scope["raw_path"].isascii() and scope["query_string"].isascii()):
            raise RefusedError(400, "That is not an address: a browser writes other letters as %XX.")
        changes = scope["method"] in CHANGING
        if not changes and scope["method"] not in READING:
            raise RefusedError(405, "That method is not used here.")
        if changes:
            _check_origin(headers, host)
        elif headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
            raise RefusedError(400, "A page is asked for without a body.")  # a stream would not read it
        secret = secret_in(headers)
        scope["browser"] = browser = self._browsers.find(secret) if secret else None
        scope["form_token"] = form_token(secret) if secret and browser else ""
        if self._policy.is_public(scope["path"]):
            return self._app
        if browser is None:
            return self._refused
        if changes and not hmac.compare_digest(
            headers.get(TOKEN_HEADER, "").encode("utf-8", "replace"), scope["form_token"].encode()
        ):
            raise RefusedError(403, "This page is out of date: load it again.")
        return self._app


def _check_origin(headers: Headers, host: str) -> None:
    origin = headers.get("origin", "")
    if (
        origin.lower() != f"http://{host}".lower()
        or headers.get("sec-fetch-site", "same-origin") != "same-origin"
    ):
        raise RefusedError(403, "Only the box's own page may do that.")


def secret_in(headers: Headers) -> str | None:
    """Return what the cookie of this page holds, if there is one.

    Others beside it belong to other programs on this machine, since cookies know no ports, and may have any
    form. Python's `SimpleCookie` reads none where one of them is odd, and takes seconds over backslashes.
    """
    for cookie in headers.get("cookie", "").split(";"):
        name, _, value = cookie.partition("=")
        if name.strip() == COOKIE:
            return value.strip().strip('"')
    return None


def _is_below(path: str, folders: Collection[str]) -> bool:
    return any(path.startswith(folder) for folder in folders)


def _bounded(receive: Receive, bound: int | None) -> Receive:
    """Receive a body of at most `bound` bytes, each part of which comes in time."""
    count, complete = 0, False

    async def receive_part() -> Message:
        nonlocal count, complete
        if complete:
            return await receive()  # only waits for the end of the connection
        try:
            message = await asyncio.wait_for(receive(), BODY_S)
        except TimeoutError:
            raise RefusedError(408, "That took too long.") from None
        count += len(message.get("body", b""))
        complete = not message.get("more_body", False)
        if bound is not None and count > bound:
            raise RefusedError(413, "That is too much.")
        return message

    return receive_part


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(SECURITY_HEADERS)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return send_with_headers


def refusal(error: RefusedError) -> Response:
    """Return the answer to a request that is refused. The connection ends: a body may still be coming in."""
    return JSONResponse({"error": str(error)}, error.status, {"Connection": "close"})
