"""The box's page on a machine of its own: opened, asked, kept by a deploy, and closed."""

from __future__ import annotations

import json
import shlex

import pytest

from tests.deploy.machine import Machine, Source

pytestmark = pytest.mark.machine


ASK = """
import http.client, json, sys
method, path, headers = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
page = http.client.HTTPConnection("localhost", timeout=60)
try:
    page.request(method, path, "{}" if method == "POST" else None, headers)
    answer = page.getresponse()
    print(answer.status, answer.read().decode())
except ConnectionRefusedError:
    print("closed")
except TimeoutError:
    print("no answer")
"""


def ask(machine: Machine, path: str, method: str = "GET", **headers: str) -> str:
    """Return the HTTP status and the text that the page answers with, or "closed"."""
    named = json.dumps({name.replace("_", "-"): each for name, each in headers.items()})
    command = shlex.join(["python3", "-", method, path, named])
    return machine.run(command, stdin=ASK.encode())


def test_the_page_is_opened_and_closed(machine: Machine, source: Source) -> None:
    source.deploy(machine)
    assert "the page is at http://" in source.deploy(machine, "--window", "box")
    answer = ask(machine, "/pair")
    assert answer.startswith("200"), answer + machine.run(
        "systemctl status 'moodbox-window*'; sudo journalctl --unit 'moodbox-window*' --lines 40", check=False
    )
    assert ask(machine, "/").startswith("403")
    assert ask(machine, "/pair", Host="evil.example").startswith("421")
    assert machine.run("systemctl is-active moodbox-window.service").strip() == "active"
    assert machine.run("stat -c %U:%G:%a /var/lib/mpd/music/uploads").strip() == "moodbox-window:moodbox:2755"
    # Nobody presses the button, but the page has asked the box for it.
    asked = ask(machine, "/pair", "POST", Origin="http://localhost", Content_Type="application/json")
    assert asked.startswith("409")
    assert "within 30 s" in asked

    assert "the page is closed" in source.deploy(machine, "--no-window", "box")
    assert ask(machine, "/pair") == "closed\n"
    assert "not switched on" in source.deploy(machine, "--no-window", "box", code=10)
