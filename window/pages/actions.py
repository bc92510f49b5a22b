"""What a page may have the box do: a part of the control socket's table, which also checks the arguments."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from device.control.protocol import NAMES, RequestError, convert
from window.access.guard import RefusedError
from window.box.client import BoxClient, BoxError, NoBoxError

FROM_PAGES = frozenset(
    {
        "status", "press", "skip", "pause", "play", "volume", "tone", "like", "never", "was", "set-mood",
        "camera", "sleep", "wake", "settings", "set", "queue", "library", "song", "titles", "playlists",
        "set-affect", "learned", "forget", "health", "restart",
    }
)  # fmt: skip
"""Not `pair`: a browser must not say yes in place of the button. Streams have addresses of their own.

A request that this version of the box does not know is refused by its table."""


async def act(request: Request, box: BoxClient) -> Response:
    """Send the request in the body on to the box, and return its reply."""
    content = await json_body(request)
    do = content.get("do")
    if not isinstance(do, str) or do not in FROM_PAGES or do not in NAMES:
        raise RefusedError(400, "The box knows no such request.")
    try:
        command = convert(content)
    except RequestError as error:
        raise RefusedError(400, str(error)) from error
    arguments = {key: value for key, value in msgspec.to_builtins(command).items() if key != "do"}
    given = {key: value for key, value in arguments.items() if value is not None}
    return await reply_of(box, do, command.reply_timeout_s + 1, **given)


async def reply_of(box: BoxClient, do: str, patience_s: float, **arguments: Any) -> Response:
    """Return the box's reply as JSON, also if it refuses: 409, or 503 if there is no box."""
    try:
        return JSONResponse(await box.ask(do, patience_s=patience_s, **arguments))
    except NoBoxError as error:
        return JSONResponse({"error": str(error)}, 503)
    except BoxError as error:
        return JSONResponse({"error": str(error)}, 409)


async def json_body(request: Request) -> dict[str, Any]:
    """Return the object in the body of a request.

    Raises:
        RefusedError: There is none.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise RefusedError(415, "Expected JSON.")
    try:
        # Unlike Python's own, it refuses half of a character, which no answer could hold.
        content = msgspec.json.decode(await request.body())
    except (ValueError, RecursionError):
        raise RefusedError(400, "That is not JSON.") from None
    if not isinstance(content, dict):
        raise RefusedError(400, "Expected a JSON object.")
    return content
