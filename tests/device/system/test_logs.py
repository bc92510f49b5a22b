from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest

from device.demo.server import PrivateMpd
from device.mood import Mood
from device.mood_estimate import MoodEstimate
from device.system.without_moods import WithoutMoods
from tests.device.cli.commands import running, status
from tests.waiting import eventually


def test_the_journal_gets_the_fields_of_a_record() -> None:
    journal = pytest.importorskip("systemd.journal")
    sent: list[dict[str, Any]] = []
    handler = journal.JournalHandler(sender_function=lambda *message, **fields: sent.append(fields))
    log = logging.Logger("test")
    log.addHandler(handler)
    log.info("look: %s", "happy", extra={"MOODBOX_VERDICT": "mood"})
    assert sent[0]["MOODBOX_VERDICT"] == "mood"


@pytest.mark.parametrize("with_moods", [True, False])
def test_the_log_of_a_box_names_moods_only_if_it_may(
    settings_file: Path, library: PrivateMpd, with_moods: bool
) -> None:
    settings_file.write_text(
        settings_file.read_text().replace("log_moods = true", f"log_moods = {str(with_moods).lower()}")
    )
    with running(settings_file) as box:
        eventually(lambda: status(settings_file)["playing"] == "play")
        box.terminate()
        assert box.stderr
        log = box.stderr.read()
    assert (" look: happy " in log) is with_moods
    assert (" look: a mood " in log) is not with_moods
    named = [line for line in log.splitlines() if re.search(rf"\b({'|'.join(Mood)})\b", line)]
    assert bool(named) is with_moods


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((Mood.SAD,), "a mood"),
        ((MoodEstimate.certain(Mood.SAD),), "a mood"),
        (("the playlist sad",), "the playlist a mood"),
        (("no_face",), "no_face"),
        ((3,), "3"),
    ],
)
def test_moods_are_taken_out_of_a_record(arguments: tuple[object, ...], expected: str) -> None:
    record = logging.makeLogRecord({"msg": "%s", "args": arguments, "MOODBOX_MOOD": "sad"})
    assert WithoutMoods().filter(record)
    assert record.getMessage() == expected
    assert vars(record)["MOODBOX_MOOD"] == ""
