"""One stream for all who watch: open only while somebody does, and nobody holds up the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from device.control.command import QUESTIONS
from window.box import broadcast, client
from window.box.broadcast import Broadcast
from window.box.client import BoxClient, NoBoxError, Reply


class Source:
    """A stream that a test feeds."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.lines: asyncio.Queue[Reply | Exception] = asyncio.Queue()

    async def open(self) -> AsyncGenerator[Reply, None]:
        """Yield what the test puts in, until the watchers are gone."""
        self.opened += 1
        try:
            while True:
                line = await self.lines.get()
                if isinstance(line, Exception):
                    raise line
                yield line
        finally:
            self.closed += 1


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test that waits, and do not let it hang."""
    asyncio.run(asyncio.wait_for(test(), 30))


def test_all_watchers_share_one_stream_that_ends_with_the_last_of_them() -> None:
    async def test() -> None:
        source = Source()
        shared = Broadcast(source.open)
        assert source.opened == 0
        first, second = shared.watch(), shared.watch()
        await source.lines.put({"number": 1})
        assert await anext(first) == {"number": 1}
        assert await anext(second) == {"number": 1}
        assert (source.opened, shared.watchers) == (1, 2)
        await first.aclose()
        assert source.closed == 0
        await second.aclose()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (source.closed, shared.watchers) == (1, 0)

    run(test)


def test_who_comes_after_the_end_begins_anew_although_somebody_has_not_read_it_yet() -> None:
    async def test() -> None:
        source = Source()
        shared = Broadcast(source.open, again=False)
        slow = shared.watch()
        await source.lines.put({"number": 1})
        assert await anext(slow) == {"number": 1}
        await source.lines.put(NoBoxError("closed"))
        while source.closed == 0:
            await asyncio.sleep(0)
        later = shared.watch()
        await source.lines.put({"number": 2})
        assert await anext(later) == {"number": 2}
        assert [line async for line in slow] == []  # the stream that it has watched is over
        await source.lines.put({"number": 3})
        assert await anext(later) == {"number": 3}
        assert (source.opened, shared.watchers) == (2, 1)
        await later.aclose()

    run(test)


def test_a_slow_watcher_gets_the_newest_line() -> None:
    async def test() -> None:
        source = Source()
        shared = Broadcast(source.open)
        slow, fast = shared.watch(), shared.watch()
        await source.lines.put({"number": 0})
        assert await anext(slow) == {"number": 0}
        for number in range(1, 5):
            await source.lines.put({"number": number})
            while (line := await anext(fast)) != {"number": number}:
                assert line is not None
        assert await anext(slow) == {"number": 4}
        await slow.aclose()
        await fast.aclose()

    run(test)


def test_a_stream_that_breaks_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "RETRY_S", 0.01)

    async def test() -> None:
        source = Source()
        lines = Broadcast(source.open).watch()
        await source.lines.put(NoBoxError("no box"))
        assert await anext(lines) == {"error": "no box"}
        await source.lines.put({"number": 2})
        assert await anext(lines) == {"number": 2}
        assert source.opened == 2
        await lines.aclose()

    run(test)


@pytest.mark.parametrize("reply", [b"[]\n", b"7\n", b"[" * 100_000 + b"\n", b"\xff\n", b"no JSON\n"])
def test_a_stream_of_something_else_is_said(tmp_path: Path, reply: bytes) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        writer.close()

    async def test() -> None:
        async with await asyncio.start_unix_server(answer, tmp_path / "sock"):
            lines = Broadcast(lambda: BoxClient(tmp_path / "sock").lines("subscribe")).watch()
            assert await anext(lines) == {"error": "something else than the box has replied"}
            await lines.aclose()

    run(test)


def test_a_box_that_hangs_is_said_and_one_that_has_nothing_to_say_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "SILENCE_S", 0.01)
    asked = asyncio.Event()
    hangs = False
    misses = QUESTIONS - 1  # of the questions, because it is busy for some seconds

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal misses
        subscribes = b"subscribe" in await reader.readline()
        if not subscribes and misses:
            misses -= 1
            writer.write(b'{"error": "the box does not answer"}\n')
            writer.close()
            return
        while not hangs:
            writer.write(b'{"number": 1}\n')
            if not subscribes:
                asked.set()
                break
            await asked.wait()
            asked.clear()
        else:
            await reader.read()  # until the page has given it up
        writer.close()

    async def test() -> None:
        nonlocal hangs
        async with await asyncio.start_unix_server(answer, tmp_path / "sock"):
            lines = Broadcast(lambda: BoxClient(tmp_path / "sock").lines("subscribe")).watch()
            for _ in range(3):
                assert await anext(lines) == {"number": 1}
            monkeypatch.setattr(BoxClient.ask, "__kwdefaults__", {"patience_s": 0.1})
            hangs = True
            while "error" not in (line := await anext(lines) or {}):
                pass
            assert "the box does not answer" in line["error"]
            await lines.aclose()
            asked.set()  # from Python 3.12.1 on, a server waits for the ends of its connections

    run(test)


def test_an_error_of_any_type_is_told_to_the_watchers_and_the_stream_is_opened_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(broadcast, "RETRY_S", 0.01)

    async def test() -> None:
        source = Source()
        lines = Broadcast(source.open).watch()
        await source.lines.put(LookupError("ours"))
        assert "LookupError" in str(await anext(lines))
        await source.lines.put({"number": 2})
        assert await anext(lines) == {"number": 2}
        await lines.aclose()

    run(test)


def test_one_that_is_over_ends_its_watchers() -> None:
    async def test() -> None:
        source = Source()
        shared = Broadcast(source.open, again=False)
        lines = shared.watch()
        await source.lines.put(NoBoxError("it is closed"))
        assert [line async for line in lines] == [{"error": "it is closed"}]
        assert source.opened == 1

    run(test)


def test_while_nothing_happens_a_watcher_hears_that_it_is_still_connected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(broadcast, "KEEP_ALIVE_S", 0.01)

    async def test() -> None:
        lines = Broadcast(Source().open).watch()
        assert await anext(lines) is None
        await lines.aclose()

    run(test)
