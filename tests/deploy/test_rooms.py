"""A box becomes one that serves other rooms, or plays along with one, and is alone again."""

from __future__ import annotations

import importlib
import stat
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from device.config.reading import ROOM_SERVER
from device.demo.server import PrivateMpd
from tests.deploy.machine import REPOSITORY

SERVES = "[room]\nserve = true\n"
ALONG = '[room]\nserver = "kitchen.local"\n'
PATHS = ("SERVICE", "SOCKET", "ROLE", "CLIENT", "SERVER", "MPD", "PIPE", "OUTPUT", "SNAPSERVER", "KEY")


class Commands(list[str]):
    """What the deploy would run as root."""

    def __call__(self, *words: str | Path, check: bool = True) -> SimpleNamespace:
        self.append(" ".join(map(str, words)))
        return SimpleNamespace(
            stdout="Output 1 (speaker) is disabled\nOutput 2 (hall) is disabled\n", returncode=0
        )

    def ran(self, *words: str) -> bool:
        return any(all(word in command.split() for word in words) for command in self)


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest.fixture
def rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commands: Commands) -> ModuleType:
    """Return deploy/box/services/rooms.py with its files here, which runs nothing."""
    monkeypatch.syspath_prepend(REPOSITORY / "deploy" / "box")
    module = importlib.import_module("services.rooms")
    units = tmp_path / "units"
    for name in PATHS:
        path: Path = getattr(module, name)
        below = path.relative_to("/etc/systemd/system") if "systemd" in path.parts else path.name
        monkeypatch.setattr(module, name, units / below)
    serving = ("SOCKET", "SERVER", "MPD", "PIPE", "OUTPUT", "SNAPSERVER")
    monkeypatch.setattr(module, "SERVING", tuple(getattr(module, name) for name in serving))
    monkeypatch.setattr(module, "UNITS", units)
    monkeypatch.setattr(module, "RUNTIME", tmp_path / "run")
    monkeypatch.setattr(module, "SETTINGS", tmp_path / "moodbox.toml")
    monkeypatch.setattr(module, "CONFIGURATION", REPOSITORY / "deploy" / "mpd.conf")
    monkeypatch.setattr(module, "CURRENT", REPOSITORY)
    monkeypatch.setattr(module, "run", commands)
    monkeypatch.setattr(module, "install_packages", lambda more: commands.append(f"apt {' '.join(more)}"))
    return module


def files(rooms: ModuleType) -> set[str]:
    return {name for name in PATHS if getattr(rooms, name).exists()}


def test_a_box_that_plays_alone_gets_nothing(rooms: ModuleType, commands: Commands) -> None:
    for settings in ("", "[room]\n", "[music]\nstreams = true\n"):
        rooms.SETTINGS.write_text(settings)
        rooms.keep(REPOSITORY)
    assert files(rooms) == set()
    assert commands == []


def test_a_box_that_serves(rooms: ModuleType, commands: Commands, capsys: pytest.CaptureFixture[str]) -> None:
    rooms.SETTINGS.write_text(SERVES)
    rooms.apply()
    assert "apt snapserver snapclient" in commands
    assert files(rooms) == set(PATHS)
    assert "END=--listen" in rooms.ROLE.read_text()
    assert "--host 127.0.0.1" in rooms.CLIENT.read_text()  # its own room, in time with the others
    assert stat.S_IMODE(rooms.KEY.stat().st_mode) == 0o600
    assert len(rooms.KEY.read_text().strip()) == 64
    assert commands.ran("restart", "mpd.service")
    assert commands.ran("enable", "moodbox-room.socket", "snapserver.service", "snapclient.service")
    printed = capsys.readouterr().out
    assert "this box plays for all rooms" in printed
    assert "add this line" not in printed  # the box's own configuration has it


def test_a_later_deploy_keeps_key_and_music(rooms: ModuleType, commands: Commands) -> None:
    rooms.SETTINGS.write_text(SERVES)
    rooms.apply()
    key = rooms.KEY.read_text()
    commands.clear()
    rooms.keep(REPOSITORY)
    assert rooms.KEY.read_text() == key
    assert not commands.ran("restart", "mpd.service")
    assert commands.ran("restart", "moodbox-room.service")


def test_a_mark_that_an_editor_has_put_before_the_settings_is_no_mistake(rooms: ModuleType) -> None:
    rooms.SETTINGS.write_text("\ufeff[room]\nserve = true\n")
    assert rooms.wanted().serves


def test_a_box_that_plays_along(
    rooms: ModuleType, capsys: pytest.CaptureFixture[str], commands: Commands
) -> None:
    rooms.SETTINGS.write_text(ALONG)
    rooms.apply()
    assert "apt snapclient" in commands
    assert files(rooms) == {"SERVICE", "ROLE", "CLIENT"}
    assert "END=--server=kitchen.local" in rooms.ROLE.read_text()
    assert "--host kitchen.local" in rooms.CLIENT.read_text()
    printed = capsys.readouterr().out
    assert "copy" in printed
    assert "this box plays along with kitchen.local" in printed
    assert not commands.ran("restart", "mpd.service")


def test_a_box_that_is_alone_again_plays_as_before(rooms: ModuleType, commands: Commands) -> None:
    rooms.SETTINGS.write_text(SERVES)
    rooms.apply()
    commands.clear()
    rooms.RUNTIME.mkdir()
    (rooms.RUNTIME / "music").touch()
    rooms.SETTINGS.write_text("")
    rooms.apply()
    assert files(rooms) == {"KEY"}
    assert not rooms.RUNTIME.exists()
    assert not rooms.MPD.parent.exists()
    assert commands.ran("disable", "snapserver.service")
    assert commands.ran("disable", "snapclient.service")
    assert commands.ran("mpc", "enable", "1", "2")  # MPD has remembered that its outputs were off


def test_from_serving_to_playing_along(rooms: ModuleType, commands: Commands) -> None:
    rooms.SETTINGS.write_text(SERVES)
    rooms.apply()
    rooms.SETTINGS.write_text(ALONG)
    rooms.apply()
    assert files(rooms) == {"SERVICE", "ROLE", "CLIENT", "KEY"}
    assert commands.ran("mpc", "enable", "1", "2")


def test_a_deploy_accepts_the_same_servers_as_the_box(rooms: ModuleType) -> None:
    assert rooms.NAME.pattern == ROOM_SERVER.pattern


@pytest.mark.parametrize(
    "settings",
    [
        '[room]\nserver = "a b"\n',
        '[room]\nserver = "x\\nExecStart=/bin/sh"\n',
        '[room]\nserver = "-h"\n',
        '[room]\nserver = "a..b"\n',
        '[room]\nserver = "a"\nserve = true\n',
        '[room]\nserve = "no"\n',
        "[room]\nserver = 7\n",
        "room = 3\n",
        "broken",
    ],
)
def test_a_mistake_in_the_settings_reaches_no_unit(
    rooms: ModuleType, settings: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rooms.SETTINGS.write_text(settings)
    with pytest.raises(rooms.DeployError, match="moodbox check"):
        rooms.apply()
    rooms.keep(REPOSITORY)
    assert files(rooms) == set()
    assert "moodbox check" in capsys.readouterr().out


def test_a_setting_that_was_not_applied_is_named(
    rooms: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    rooms.SETTINGS.write_text(SERVES)
    rooms.keep(REPOSITORY)
    assert files(rooms) == set()
    assert "deploy/deploy.sh --rooms applies it" in capsys.readouterr().out


def test_a_release_that_knows_no_rooms_takes_them_away(rooms: ModuleType, tmp_path: Path) -> None:
    rooms.SETTINGS.write_text(SERVES)
    rooms.apply()
    rooms.keep(tmp_path)
    assert files(rooms) == {"KEY"}


def test_a_configuration_of_the_owners_stays_and_the_deploy_says_what_is_missing(
    rooms: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "mpd.conf"
    own.write_text("# mine\n")
    monkeypatch.setattr(rooms, "CONFIGURATION", own)
    rooms.SETTINGS.write_text(SERVES)
    rooms.apply()
    assert own.read_text() == "# mine\n"
    assert "add this line to" in capsys.readouterr().out


def test_mpd_has_the_second_output_where_its_configuration_includes_it(tmp_path: Path) -> None:
    output = tmp_path / "rooms.conf"
    text = (REPOSITORY / "deploy" / "mpd-rooms.conf").read_text()
    output.write_text(text.replace("/run/moodbox-rooms/music", str(tmp_path / "pipe")))
    server = PrivateMpd(tmp_path)
    configuration = tmp_path / "mpd.conf"
    configuration.write_text(f'{configuration.read_text()}include_optional "{output}"\n')
    with server:
        found = [(each["outputname"], each["plugin"]) for each in server.client().outputs()]
    assert found == [("moodbox", "null"), ("rooms", "fifo")]
