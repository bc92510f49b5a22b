"""Settings and WLAN on the boot partition, which a person can change with the card in a computer."""

from __future__ import annotations

import errno
import importlib
import os
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from tests.deploy.machine import REPOSITORY

WLAN = """# mine
ssid = "Zu Hause; 1"
password = "secret words"  # of the router
country = "de"
"""


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


def test_settings_on_the_card_are_taken_over_whenever_they_change_there(partition: ModuleType) -> None:
    card, own = partition.BOOT / "moodbox.toml", partition.SETTINGS
    card.write_text("# first\n")
    partition.read()
    assert own.read_text() == "# first\n"
    assert mode(own) == 0o640
    own.write_text("# changed on the box\n")
    partition.read()
    assert own.read_text() == "# changed on the box\n"
    card.write_bytes(b"\xef\xbb\xbf# second\r\n")  # as Windows' editor writes it
    partition.read()
    assert own.read_bytes() == b"# second\r\n"
    assert partition.BEFORE.read_text() == "# changed on the box\n"
    own.write_text("# changed again\n")
    partition.read()
    assert own.read_text() == "# changed again\n"


def test_streams_that_the_settings_on_the_card_allow_or_forbid_need_no_deploy(
    partition: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(partition, "CONFIGURATION", REPOSITORY / "deploy/mpd.conf")
    monkeypatch.setattr(partition.streams, "INPUTS", tmp_path / "inputs.conf")
    monkeypatch.setattr(partition.streams, "SANDBOX", tmp_path / "mpd.service.d/sandbox.conf")
    monkeypatch.setattr(partition, "run", lambda *words, **_: said.append(" ".join(words)))
    partition.CURRENT.symlink_to(REPOSITORY)
    for allowed in (False, True):
        (partition.BOOT / "moodbox.toml").write_text(f"[music]\nstreams = {str(allowed).lower()}\n")
        partition.read()
        assert partition.streams.INPUTS.exists() is not allowed
    assert said == ["systemctl daemon-reload", "systemctl --no-block try-restart mpd.service"] * 2


def test_a_strip_of_lights_that_the_settings_on_the_card_have_needs_no_deploy(
    partition: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(partition, "_apply_streams", lambda _: None)
    monkeypatch.setattr(partition.strip, "run", lambda *words, **_: said.append(" ".join(words)))
    monkeypatch.setattr(partition.strip, "_switch_spi_on", lambda: said.append("SPI on"))
    partition.CURRENT.symlink_to(REPOSITORY)
    for kind in ("strip", "rgb"):
        (partition.BOOT / "moodbox.toml").write_text(f'[panel]\nkind = "{kind}"\n')
        partition.read()
        assert partition.strip.DROP_IN.exists() is (kind == "strip")
    assert said == ["SPI on", "systemctl daemon-reload", "systemctl daemon-reload"]


def test_without_files_on_the_card_nothing_changes(partition: ModuleType, tmp_path: Path) -> None:
    partition.read()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["BOOT", "programs"]
    assert list(partition.BOOT.iterdir()) == []


@pytest.mark.parametrize("content", [b"[music\n", b"\xff\xfe\x00", b"\xfc", b"a = " + b"[" * 20000])
def test_settings_that_are_no_toml_change_nothing_and_the_card_says_so(
    partition: ModuleType, content: bytes
) -> None:
    (partition.BOOT / "moodbox.toml").write_bytes(content)
    (partition.BOOT / "moodbox-wifi.toml").write_text(WLAN)
    partition.read()
    assert not partition.SETTINGS.exists()
    said = (partition.BOOT / "moodbox-log.txt").read_text().splitlines()
    assert said[0] == "the WLAN is Zu Hause; 1, from moodbox-wifi.toml on the boot partition"
    assert len(said) == 2
    assert said[1].startswith("moodbox.toml on the boot partition was not read: ")


def test_the_password_of_the_wlan_goes_from_the_card_to_where_root_alone_reads_it(
    partition: ModuleType, tmp_path: Path
) -> None:
    card, profile = partition.BOOT / "moodbox-wifi.toml", partition.wlan.PROFILE
    card.write_text(WLAN)
    partition.read()
    assert "\npsk=secret words\n" in profile.read_text()
    assert mode(profile) == 0o600
    assert card.read_text() == WLAN.replace(
        '"secret words"  # of the router', '""  # the box has it; to change it, write the new one here'
    )
    called = (tmp_path / "called").read_text()
    assert called == "raspi-config nonint do_wifi_country DE\nrfkill unblock wifi\nnmcli connection reload\n"
    partition.read()
    assert (tmp_path / "called").read_text() == called
    card.write_text(WLAN.replace("secret words", "other words"))
    partition.read()
    assert "\npsk=other words\n" in profile.read_text()


@pytest.mark.parametrize(
    "written",
    ['"password" = "secret words"', 'password = """\nsecret words"""', "password = '''\nsecret words'''"],
)
def test_a_password_that_is_written_in_another_way_of_toml_goes_from_the_card_too(
    partition: ModuleType, written: str
) -> None:
    card = partition.BOOT / "moodbox-wifi.toml"
    card.write_text(f'ssid = "Zuhause ä"\n{written}\ncountry = "de"\n', encoding="utf-8")
    partition.read()
    assert "\npsk=secret words\n" in partition.wlan.PROFILE.read_text()
    text = card.read_text(encoding="utf-8")
    assert "secret" not in text
    left = tomllib.loads(text)
    assert (left["ssid"], left["password"], left["country"]) == ("Zuhause ä", "", "de")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_both_files_are_read_in_what_encoding_windows_has_saved_them(
    partition: ModuleType, encoding: str
) -> None:
    wlan = WLAN.replace("Zu Hause; 1", "Zuhäuse 😀")
    for name, text in (("moodbox.toml", "# schön\n"), ("moodbox-wifi.toml", wlan)):
        (partition.BOOT / name).write_bytes(text.replace("\n", "\r\n").encode(encoding))
    partition.read()
    assert partition.SETTINGS.read_bytes() == "# schön\r\n".encode()
    octets = "".join(f"{octet};" for octet in "Zuhäuse 😀".encode())
    assert f"\nssid={octets}\n" in partition.wlan.PROFILE.read_text()
    assert b"secret" not in (partition.BOOT / "moodbox-wifi.toml").read_bytes().replace(b"\0", b"")
    partition.SETTINGS.write_text("# changed on the box\n")
    partition.read()  # it is the same file
    assert partition.SETTINGS.read_text() == "# changed on the box\n"


@pytest.mark.parametrize("name", ["moodbox.toml", "moodbox-wifi.toml"])
def test_a_file_that_would_take_the_pi_minutes_to_read_is_left_alone(
    partition: ModuleType, name: str
) -> None:
    (partition.BOOT / name).write_bytes(b"# " + b"x" * 2**20)
    partition.read()
    said = (partition.BOOT / "moodbox-log.txt").read_text()
    assert said == f"{name} on the boot partition was not read: it is larger than a megabyte\n"


@pytest.mark.parametrize("table", ["music", "panel", "room"])
def test_a_table_of_the_settings_that_is_none_stops_nothing_else(
    partition: ModuleType, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`moodbox check` names it."""
    monkeypatch.setattr(partition, "CONFIGURATION", tmp_path / "mpd.conf")
    monkeypatch.setattr(partition.streams, "INPUTS", tmp_path / "inputs.conf")
    monkeypatch.setattr(partition.streams, "SANDBOX", tmp_path / "mpd.service.d/sandbox.conf")
    partition.CURRENT.symlink_to(REPOSITORY)
    (partition.BOOT / "moodbox.toml").write_text(f"{table} = 3\n")
    (partition.BOOT / "moodbox").mkdir()
    (partition.BOOT / "moodbox/release.tar").touch()
    partition.read()
    assert not (partition.BOOT / "moodbox/release.tar").exists()
    assert partition._changed("moodbox.toml") is None


def test_a_card_that_cannot_be_written_is_named_and_its_password_goes_once_it_can(
    partition: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """raspi-config can write-protect the boot partition; and Linux does so where FAT is damaged."""
    write = partition.write_file

    def refuse(content: bytes, target: Path, **options: int) -> None:
        if target.parent == partition.BOOT:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(target))
        write(content, target, **options)

    card = partition.BOOT / "moodbox-wifi.toml"
    card.write_text(WLAN)
    with monkeypatch.context() as patched:
        patched.setattr(partition, "write_file", refuse)
        partition.read()
    assert "\npsk=secret words\n" in partition.wlan.PROFILE.read_text()
    assert capsys.readouterr().out == f"{card}: Read-only file system\n"
    partition.read()
    assert "secret" not in card.read_text()


def test_what_a_power_cut_has_left_of_the_box_s_notes_does_not_keep_it_from_reading(
    partition: ModuleType,
) -> None:
    for name in ("moodbox.toml", "moodbox-wifi.toml"):
        partition.TAKEN.mkdir(parents=True, exist_ok=True)
        (partition.TAKEN / name).write_bytes(b"\xff\x00\xff")
    (partition.BOOT / "moodbox.toml").write_text("# mine\n")
    (partition.BOOT / "moodbox-wifi.toml").write_text(WLAN)
    partition.read()
    assert partition.SETTINGS.read_text() == "# mine\n"
    assert partition.wlan.PROFILE.exists()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (WLAN.replace("secret words", "short"), "password must be the WLAN's password: 8 to 63 .*"),
        (WLAN.replace('"secret words"', "12345678"), "password must be .*"),
        (WLAN.replace("Zu Hause; 1", "x" * 33), "ssid must be a text of 1 to 32 bytes"),
        (WLAN.replace('"de"', '"deutsch"'), "country must be two letters"),
        (WLAN.replace("secret words", "Passwörter"), "password must be .* of ASCII, so no umlauts"),
        (WLAN.replace("secret words", "pass\\word"), r"Unescaped .* single quotes, as in 'pass\\word'"),
        (
            WLAN.replace('"secret words"', "secret words"),
            r"Invalid value \(at line 3.* quotes, as in \"House\"",
        ),
        (WLAN.replace("ssid", "SSID"), "it has SSID, and knows only ssid, password, country, hidden"),
        (f"[wlan]\n{WLAN}", "it has wlan, and knows only ssid, password, country, hidden"),
        (WLAN + 'hidden = "no"\n', "hidden must be true or false"),
        ('ssid = "House"\npassword = ""\n', "password must be .*"),
    ],
)
def test_a_wlan_that_cannot_be_is_refused_with_its_key(partition: ModuleType, text: str, wrong: str) -> None:
    (partition.BOOT / "moodbox-wifi.toml").write_text(text)
    partition.read()
    assert not partition.wlan.PROFILE.exists()
    assert (partition.BOOT / "moodbox-wifi.toml").read_text() == text
    said = (partition.BOOT / "moodbox-log.txt").read_text()
    assert re.fullmatch(rf"moodbox-wifi.toml on the boot partition was not read: {wrong}\n", said)


def test_what_a_power_cut_has_left_of_an_installed_release_goes_at_the_next_start(
    partition: ModuleType,
) -> None:
    folder = partition.BOOT / "moodbox"
    folder.mkdir()
    for name in ("name", "release.tar", "music.tar", "first-boot.sh"):
        (folder / name).touch()
    partition.read()
    assert len(list(folder.iterdir())) == 4  # it waits for its installation
    (folder / "name").unlink()
    partition.read()
    assert [file.name for file in folder.iterdir()] == ["first-boot.sh"]


def test_a_file_without_a_wlan_joins_none(partition: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """As card.sh writes it without --wifi."""
    monkeypatch.syspath_prepend(REPOSITORY / "deploy")
    importlib.import_module("card_wlan").provide(partition.BOOT)
    partition.read()
    assert not partition.wlan.PROFILE.exists()
    assert not (partition.BOOT / "moodbox-log.txt").exists()


def test_signs_with_a_meaning_in_network_managers_files_are_escaped(partition: ModuleType) -> None:
    found = partition.wlan.profile(partition.wlan.Wlan("ö;", " back\\slash", "", True))
    assert "\nssid=195;182;59;\nhidden=true\n" in found
    assert "\npsk=\\sback\\\\slash\n" in found
