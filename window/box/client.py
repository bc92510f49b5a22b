"""Asks the running box over its control socket, without blocking the others that use the page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

from device.control.command import QUESTIONS, REPLY_TIMEOUT_S, SILENCE_S

MAX_REPLY_BYTES = 4 << 20

Reply = dict[str, Any]


class BoxError(Exception):
    """The box does not do what it was asked to; the message is one line."""


class NoBoxError(BoxError):
    """No box can be reached."""


class BoxClient:
    """Sends requests to the box that listens at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def ask(self, do: str, *, patience_s: float = REPLY_TIMEOUT_S + 1, **arguments: Any) -> Reply:
        """Return the box's reply to one request.

        Args:
            do: The name of the request.
            patience_s: How long the box may take.
            arguments: Those of the request.

        Raises:
            NoBoxError: It cannot be reached, or does not reply in time.
            BoxError: It refuses.
        """
        try:
            async with asyncio.timeout(patience_s), aclosing(self.lines(do, **arguments)) as lines:
                async for reply in lines:
                    return reply
        except TimeoutError as error:
            raise NoBoxError("the box does not answer: it is just starting, or it hangs") from error
        raise NoBoxError("the box is busy; try again")

    async def lines(self, do: str, **arguments: Any) -> AsyncGenerator[Reply, None]:
        """Yield each line that the box replies with, until it closes the connection.

        Raises:
            NoBoxError: It cannot be reached, or does not answer any more.
            BoxError: It refuses.
        """
        try:
            reader, writer = await asyncio.open_unix_connection(self._path, limit=MAX_REPLY_BYTES)
        except PermissionError as error:
            raise NoBoxError(f"{self._path}: this page may not ask the box; deploy it again") from error
        except OSError as error:
            raise NoBoxError("the box does not run, or is just starting") from error
        try:
            writer.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            await writer.drain()
            while line := await self._line(reader, SILENCE_S if do == "subscribe" else None):
                yield _checked(line)
        except (OSError, ValueError) as error:
            raise NoBoxError("the box has ended the connection; try again") from error
        finally:
            writer.close()

    async def _line(self, reader: asyncio.StreamReader, silence_s: float | None) -> bytes:
        """Wait for a line. A box that hangs changes nothing, and its last status is not the present one."""
        while True:
            try:
                async with asyncio.timeout(silence_s):
                    return await reader.readline()
            except TimeoutError:
                await self._check_answers()

    async def _check_answers(self) -> None:
        for _ in range(QUESTIONS - 1):
            with suppress(BoxError):
                await self.ask("status")
                return
        await self.ask("status")


def _checked(line: bytes) -> Reply:
    try:
        reply: Reply = json.loads(line)
        if not isinstance(reply, dict):
            raise ValueError("not an object")
    except (ValueError, RecursionError) as error:
        raise NoBoxError("something else than the box has replied") from error
    if "error" in reply:
        raise BoxError(str(reply["error"]))
    return reply
