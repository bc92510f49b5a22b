"""Switching the machine off."""

from __future__ import annotations

import threading

import pytest

from device.system.power import Power, PowerOffFailed


def test_a_thread_that_cannot_be_started_leaves_the_machine_on_and_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    posted: list[PowerOffFailed] = []
    Power(posted.append).off()
    assert posted == [PowerOffFailed("cannot switch off: can't start new thread")]
