"""The real box with an MPD that lies, and whatever happens to it in any order: it neither dies nor lies.

Behind the lies is a real MPD, so that a test can compare what the box says with what plays.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import mpd
import msgspec
import pytest
from hypothesis import Phase
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from device.box.state import Activity
from device.config.settings import Service, Settings
from device.control.client import ask
from device.control.command import Command
from device.control.protocol import SetMood, Was
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.errors import ServiceError
from device.health import ThreadDied
from device.library.scanner import SongTableUpdated
from device.mood import Mood
from device.mpd.connection import Client
from device.panel.lights import Indication
from device.playback import mpd_worker
from device.playback.mpd_events import LibraryChanged, MpdChanged, SongsFound, SongsQueued
from tests.device.box.helpers import PictureSequence
from tests.device.conftest import HAPPY
from tests.device.failing import QUICK_RESTARTS
from tests.device.fuzzing import FUZZING
from tests.device.mpd.lying_mpd import MUTATIONS, Lie, LyingMpd
from tests.waiting import eventually

# Of 2,000 sequences, each worker takes a part at a time: most of the time they wait for the box.
PARTS, RUNS, STEPS = (8, 250, 10) if FUZZING else (1, 6, 8)
PATIENCE_S = 20.0
COMMANDS = (
    "status", "currentsong", "playlistinfo", "plchangesposid", "stats", "commands", "addid", "find",
    "listplaylists", "listplaylist", "sticker", "tagtypes", "idle", "config",
)  # fmt: skip
MODES = ("consume", "random", "single")
SAYS_THAT_IT_IS_WELL = {Indication.MOOD, Indication.BY_HAND, Indication.UNSURE}
PASSING = {Indication.LOOKING, Indication.PRESSED, Indication.HELD}
moods = st.sampled_from([Mood.HAPPY, Mood.NEUTRAL, Mood.SAD])


class Events(SimpleQueue[Any]):
    """The box's queue, which can refuse the next event of a kind: that ends the thread that posts it."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: type | None = None

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if self.refused and isinstance(item, self.refused):
            self.refused = None
            raise KeyError("made by a test")
        super().put(item)


class BoxMachine(RuleBasedStateMachine):
    """A box, the MPD behind its back, and what has been done to both."""

    def __init__(self, real: PrivateMpd, box: Settings) -> None:
        super().__init__()
        self.real = real
        self._stack = ExitStack()
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="moodbox-")))
        self._client: Client = real.client()
        self._stack.callback(self._hang_up)
        self._reset_mpd()
        self.mpd = self._stack.enter_context(LyingMpd(folder / "mpd.sock", real.address))
        music = msgspec.structs.replace(box.music, address=str(folder / "mpd.sock"), timeout=0.5)
        service = Service(socket=str(folder / "control.sock"), state=str(folder / "state"))
        self.settings = msgspec.structs.replace(box, music=music, service=service)
        self.camera = PictureSequence(HAPPY)
        self.events = Events()
        self.dead = False
        self.player_deaths = 0
        self.stopped = False  # by another client, since the last press
        self.box: Harness = self._stack.enter_context(
            harness_for(self.settings, self.camera, self.events, restart_policy=QUICK_RESTARTS)
        )

    @property
    def client(self) -> Client:
        """Another client of the MPD, which hangs up on it after a minute of silence, as on a busy machine."""
        try:
            self._client.ping()
        except (OSError, mpd.MPDError):
            self._hang_up()
            self._client = self.real.client()
        return self._client

    def _hang_up(self) -> None:
        self._client.disconnect()

    def _reset_mpd(self) -> None:
        self.client.clear()
        self.client.consume(0)
        self.client.random(0)
        self.client.single(0)
        self._fill_library()

    @property
    def _away(self) -> Path:
        return self.real.folder / "away"

    def _fill_library(self) -> None:
        if self._away.exists():
            shutil.rmtree(self.real.music)
            self._away.rename(self.real.music)
            self.real.update()

    def _ask(self, request: str | Command) -> bool:
        """Whether the box has done it: there may be nothing to skip, say."""
        with suppress(ServiceError):
            ask(self.settings.service.socket_path(), request)
            return True
        return False

    # What somebody does at the box

    @rule()
    def press(self) -> None:
        self.stopped = False
        self._ask("press")

    @rule()
    def press_the_button(self) -> None:
        self.stopped = False
        self.box.press()

    @rule()
    def double_press(self) -> None:
        self.box.double_press()

    @rule(command=st.sampled_from(["skip", "pause", "play", "never", "like"]))
    def command(self, command: str) -> None:
        self.stopped = self.stopped and command != "play"
        self._ask(command)

    @rule(command=st.one_of(st.builds(SetMood, mood=moods), st.builds(Was, mood=moods)))
    def choose_mood(self, command: Command) -> None:
        if self._ask(command):
            self.stopped = False

    # What happens to the parts

    @rule(missing=st.booleans())
    def camera_cable(self, missing: bool) -> None:
        self.camera.missing = missing

    @rule(kind=st.sampled_from([SongTableUpdated, LibraryChanged, SongsFound, SongsQueued]))
    def a_job_fails(self, kind: type) -> None:
        self.events.refused = kind

    @precondition(lambda self: self.player_deaths < 2)
    @rule()
    def the_players_thread_dies(self) -> None:
        self.player_deaths += 1
        self.events.refused = MpdChanged

    @rule()
    def a_librarys_thread_dies(self) -> None:
        self.dead = True
        self.events.put(ThreadDied("reader", "", KeyError("made by a test")))

    # What happens to MPD

    @rule(
        command=st.sampled_from(COMMANDS), mutation=st.sampled_from(sorted(MUTATIONS)), at=st.integers(0, 40)
    )
    def lie(self, command: str, mutation: str, at: int) -> None:
        self.mpd.lie = Lie(command, mutation, at)

    @rule()
    def tell_the_truth(self) -> None:
        self.mpd.lie = None

    @rule()
    def hang_up(self) -> None:
        self.mpd.hang_up()

    @rule(away=st.booleans())
    def mpd_is_away(self, away: bool) -> None:
        if away:
            self.mpd.go_away()
        else:
            self.mpd.come_back()

    @rule()
    def lose_the_songs(self) -> None:
        if not self._away.exists():
            self.real.music.rename(self._away)
            self.real.music.mkdir()
            self.real.update()

    @rule()
    def find_the_songs_again(self) -> None:
        self._fill_library()

    @rule(
        action=st.sampled_from(
            ["stop", "clear", "pause", "next", "play", "consume", "random", "single", "shuffle"]
        )
    )
    def another_client(self, action: str) -> None:
        self.stopped = self.stopped or action in ("stop", "clear", "next", "single")
        with suppress(Exception):  # `next` is refused while MPD is stopped
            if action in MODES:
                getattr(self.client, action)(1)
            else:
                getattr(self.client, action)()

    @rule()
    def another_client_takes_over(self) -> None:
        self.client.clear()
        with suppress(Exception):  # the library may be empty
            self.client.add("neutral/01.ogg")
            self.client.play()

    # What has to be true

    @invariant()
    def it_lives(self) -> None:
        assert self.box.state.activity is not Activity.STOPPING

    @invariant()
    def it_says_what_is_true(self) -> None:
        self._wait(self._is_honest, PATIENCE_S)

    def _wait(self, happened: Callable[[], bool], seconds: float) -> None:
        """Fail with what can be seen of box and MPD, if `happened` does not become true in time."""
        try:
            eventually(happened, seconds)
        except AssertionError as error:
            seen = {"box": self._status(), "mpd": self.client.status(), "lie": self.mpd.lie}
            threads = [thread.name for thread in threading.enumerate()]
            raise AssertionError(f"{error}: {seen}, threads {threads}") from error

    def _status(self) -> dict[str, Any] | None:
        """What the box says; None if it was too busy to answer in time, on a busy machine."""
        with suppress(ServiceError):
            return self.box.status()
        return None

    def _is_honest(self) -> bool:
        status = self._status()
        if status is None or status["state"] in PASSING:
            return False
        if self.dead and not status["trouble"]:
            return False
        if self.mpd.is_away and not status["trouble"]:
            return False
        well = status["state"] in SAYS_THAT_IT_IS_WELL and not status["trouble"]
        if not well or status["stepped_back"] or self.stopped:
            return True
        return self._music_plays

    @property
    def _music_plays(self) -> bool:
        return bool(self.client.status()["state"] == "play")

    def teardown(self) -> None:
        try:
            self._recovers()
        finally:
            self._stack.close()
        assert self.box.state.exit_code == 0
        assert self.box.state.activity is Activity.STOPPING
        assert not any(self.box.lights().values())

    def _recovers(self) -> None:
        """With nothing wrong any more, a press brings music, and all trouble is over but that of the dead."""
        self.camera.missing = False
        self.events.refused = None
        self.mpd.lie = None
        self.mpd.come_back()
        self.mpd.hang_up()  # an MPD that told the truth again would not be asked for all of it again
        self._fill_library()
        self.client.single(0)
        self._ask("press")

        def is_well() -> bool:
            status = self._status()
            return self._music_plays and status is not None and set(status["trouble"]) <= {"reader"}

        self._wait(is_well, 2 * PATIENCE_S)


@pytest.mark.fuzz
@pytest.mark.parametrize("part", range(PARTS))
def test_the_box_neither_dies_nor_lies_whatever_happens_in_any_order(
    part: int, library: PrivateMpd, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mpd_worker, "MIN_RECONNECT_DELAY_S", 0.02)
    monkeypatch.setattr(mpd_worker, "MAX_RECONNECT_DELAY_S", 0.2)
    monkeypatch.setattr(mpd_worker, "POLL_INTERVAL_S", 0.5)
    runs = profile(max_examples=RUNS, stateful_step_count=STEPS, phases=(Phase.generate,))
    machine: Any = partial(BoxMachine, library, settings)
    run_state_machine_as_test(machine, settings=runs)
