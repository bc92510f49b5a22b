"""What keeps a release from staying after a deploy, as far as no machine is needed."""

from __future__ import annotations

import importlib
import subprocess

import pytest

from tests.deploy.machine import REPOSITORY


def test_a_deploy_is_healthy_while_the_box_of_another_room_is_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(REPOSITORY / "deploy" / "box")
    health_check = importlib.import_module("health_check")
    trouble = {"room": "kitchen.local does not answer"}
    active = subprocess.CompletedProcess([], 0, stdout="ActiveState=active\nNRestarts=0\n")
    monkeypatch.setattr(health_check, "STABLE_S", 0.0)
    monkeypatch.setattr(health_check, "health_check_timeout_s", lambda: 5)
    monkeypatch.setattr(health_check, "check", lambda _: set())
    monkeypatch.setattr(health_check, "start", lambda _: None)
    monkeypatch.setattr(health_check, "run", lambda *_, **__: active)
    monkeypatch.setattr(health_check, "_reported_trouble", lambda: trouble)
    assert health_check.switch_to("new", "old") == {"room"}
    trouble["model"] = "it is damaged"
    monkeypatch.setattr(health_check, "health_check_timeout_s", lambda: 0.2)
    with pytest.raises(Exception, match="new is not healthy"):
        health_check.switch_to("new", "old")
