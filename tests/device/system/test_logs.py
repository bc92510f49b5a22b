from __future__ import annotations

import logging
from typing import Any

import pytest


def test_the_journal_gets_the_fields_of_a_record() -> None:
    journal = pytest.importorskip("systemd.journal")
    sent: list[dict[str, Any]] = []
    handler = journal.JournalHandler(sender_function=lambda *message, **fields: sent.append(fields))
    log = logging.Logger("test")
    log.addHandler(handler)
    log.info("look: %s", "happy", extra={"MOODBOX_VERDICT": "mood"})
    assert sent[0]["MOODBOX_VERDICT"] == "mood"
