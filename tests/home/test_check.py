"""What `moodbox check` says of the broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.cli.check import check_program
from device.config.reading import read_settings
from device.config.settings import Settings
from device.errors import ServiceError
from tests.home.conftest import settings_for
from tests.home.mosquitto import NO_BROKER, Mosquitto, needs_mosquitto

HASHED = (
    "moodbox:$7$101$AgR7WNH441RYsjJl$ji8Nl1ae1B/8dd0Q6eGrWfRoxvlU1fImM5aq30FfjCMWlc93C6YU5Ke3zk"
    "QdM4AAf9egi++PkGy4N/WmP/p10A==\n"
)
"""The user moodbox with the password "secret", as mosquitto_passwd writes it."""
CREDENTIALS = 'username = "moodbox"', 'password_file = "{}"'


def said(file: Path) -> str:
    """The finding's message."""
    return check_program("home", ["--settings", str(file)], read_settings(file))


@needs_mosquitto
def test_the_password_is_tried_and_has_to_be_the_users_own(settings: Settings, tmp_path: Path) -> None:
    passwords, password = tmp_path / "passwords", tmp_path / "password"
    passwords.write_text(HASHED)
    passwords.chmod(0o600)
    lines = [line.format(password) for line in CREDENTIALS]
    with Mosquitto(tmp_path, f"password_file {passwords}", users=True) as broker:
        url = f"mqtt://127.0.0.1:{broker.port}"
        with pytest.raises(ServiceError, match="the broker refuses: not authorized"):
            said(settings_for(settings, url, tmp_path))
        password.write_text("secret\n")
        password.chmod(0o600)
        assert said(settings_for(settings, url, tmp_path, *lines)) == f"{url}: the broker lets the box in"
        password.chmod(0o640)
        with pytest.raises(ServiceError, match="its mode is 640, so others may read it: sudo chmod 600"):
            said(settings_for(settings, url, tmp_path, *lines))


def test_a_broker_that_is_not_there_is_named(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=f"{NO_BROKER}: cannot connect: Connection refused"):
        said(settings_for(settings, NO_BROKER, tmp_path))
