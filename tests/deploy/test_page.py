"""The box's page on a machine of its own: opened, asked, kept by a deploy, and closed."""

from __future__ import annotations

import pytest

from tests.deploy.machine import Machine, Source, eventually

pytestmark = pytest.mark.machine


def status_of(machine: Machine, path: str, *options: str) -> str:
    """Return the HTTP status that the page answers with."""
    words = " ".join(options)
    return machine.run(
        f"curl --silent --output /dev/null --write-out '%{{http_code}}' {words} http://localhost{path}",
        check=False,
    )


def test_the_page_is_opened_and_closed(box: Machine, source: Source) -> None:
    output = source.deploy(box, "--window", "box")
    assert "the page is at http://" in output
    eventually(lambda: status_of(box, "/pair") == "200", 60)
    assert status_of(box, "/") == "403"
    assert status_of(box, "/pair", "--header 'Host: evil.example'") == "421"
    assert box.run("systemctl is-active moodbox-window.service").strip() == "active"
    assert box.run("stat -c %U:%G:%a /var/lib/mpd/music/uploads").strip() == "moodbox-window:moodbox:2755"
    # Nobody presses the button, but the page has asked the box for it.
    asked = box.run(
        "curl --silent --max-time 60 --header 'Origin: http://localhost' "
        "--header 'Content-Type: application/json' --data '{}' http://localhost/pair"
    )
    assert "within 30 s" in asked

    assert "the page is closed" in source.deploy(box, "--no-window", "box")
    assert status_of(box, "/pair") == "000"
    assert "not switched on" in source.deploy(box, "--no-window", "box", code=10)
