"""deploy/card.sh on the computer: what it writes to a card, and what it refuses."""

from __future__ import annotations

import errno
import importlib
import os
import re
import shutil
import subprocess
import tarfile
import tomllib
from collections import namedtuple
from pathlib import Path

import pytest
import yaml

from tests.deploy.machine import REPOSITORY, Source, release

COMMAND_LINE = "console=tty1 root=PARTUUID=1-02 rootwait cfg80211.ieee80211_regdom=DE\n"


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    """The boot partition of a card as Imager leaves it, for Trixie."""
    boot = tmp_path / "bootfs"
    boot.mkdir()
    (boot / "cmdline.txt").write_text(COMMAND_LINE)
    (boot / "config.txt").write_text("arm_64bit=1\n")
    (boot / "user-data").write_text("#cloud-config\nhostname: kitchen # mine\n")
    (boot / "meta-data").write_text("instance_id: rpios-image\n")
    return boot


@pytest.fixture
def source(unchanged: Source) -> Source:
    """A copy of the repository that has the packages for both systems already."""
    return unchanged


def card(source: Source, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run card.sh."""
    return subprocess.run(
        [source.folder / "deploy/card.sh", *words],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        start_new_session=True,  # without a terminal
    )


def content(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_card_has_all_that_the_box_needs(source: Source, boot: Path, tmp_path: Path) -> None:
    music = tmp_path / "music"
    for name in ("a/What? Yes: 1.ogg", "b.ogg", ".DS_Store", ".trash/c.ogg"):
        (music / name).parent.mkdir(parents=True, exist_ok=True)
        (music / name).write_text(name)
    (tmp_path / "settings.toml").write_text("[music]\nat_start = true\n")
    done = card(source, boot, "--name", "hall", "--music", music, "--settings", tmp_path / "settings.toml")
    assert (done.returncode, done.stderr) == (0, "")
    name = release("name", "3.13", root=source.folder)
    assert f"writing the release {name.strip()}; this takes a minute" in done.stdout
    assert (boot / "moodbox/name").read_text() == name
    assert yaml.safe_load((boot / "user-data").read_text())["hostname"] == "hall"
    assert (boot / "moodbox.toml").read_text() == "[music]\nat_start = true\n"
    assert tomllib.loads((boot / "moodbox-wifi.toml").read_text())["ssid"] == ""
    assert (boot / "meta-data").read_text() == "instance_id: rpios-image\n"
    with tarfile.open(boot / "moodbox/release.tar") as tar:
        assert {
            "wheels/for-3.13.whl",
            "deploy/box/boot/first_boot.py",
            "systemd/moodbox-card.service",
        } <= set(tar.getnames())
    with tarfile.open(boot / "moodbox/music.tar") as tar:
        songs = {song.name: (song.uname, song.gname, song.mode) for song in tar}
    assert songs == dict.fromkeys(("a/What? Yes: 1.ogg", "b.ogg"), ("mpd", "moodbox", 0o664))


def test_a_link_to_a_song_becomes_the_song_and_one_to_a_folder_is_named(
    source: Source, boot: Path, tmp_path: Path
) -> None:
    music, elsewhere = tmp_path / "music", tmp_path / "elsewhere"
    (elsewhere / "album").mkdir(parents=True)
    (elsewhere / "album/a.ogg").write_text("a")
    music.mkdir()
    (music / "song.ogg").symlink_to(elsewhere / "album/a.ogg")
    (music / "album").symlink_to(elsewhere / "album")
    (music / "back").symlink_to(music)
    (music / "lost.ogg").symlink_to("nowhere.ogg")
    done = card(source, boot, "--music", music)
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("album", "back"):
        assert f"'{music / name}' is a link to a folder, and is not copied" in done.stdout
    with tarfile.open(boot / "moodbox/music.tar") as tar:
        assert tar.getnames() == ["song.ogg"]
        content = tar.extractfile("song.ogg")
        assert content
        assert content.read() == b"a"


def test_a_card_with_bookworm_begins_by_firstrun(source: Source, boot: Path) -> None:
    for file in ("user-data", "meta-data"):
        (boot / file).unlink()
    refused = card(source, boot)
    assert refused.returncode == 4
    assert refused.stderr == (
        f"moodbox: {boot} does not tell which Raspberry Pi OS it has:"
        " add --suite trixie or --suite bookworm\n"
    )
    assert card(source, boot, "--suite", "bookworm", "--name", "hall").returncode == 0
    assert "set_hostname hall" in (boot / "firstrun.sh").read_text()
    assert "systemd.run=/boot/firstrun.sh" in (boot / "cmdline.txt").read_text()
    assert "-py311-" in (boot / "moodbox/name").read_text()
    assert not (boot / "user-data").exists()
    assert card(source, boot).returncode == 0  # firstrun.sh tells it now


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        (["--faster", "b"], "'--faster' is not an option: deploy/card.sh --help lists them"),
        (["b", "c"], "'b' and 'c': one card at a time"),
        (["b", "--name"], "--name: expected a value after it"),
        (["--name", "hall"],
         "which card? expected the folder of its boot partition: deploy/card.sh --help says more"),
        (["/nowhere"], "/nowhere is not a folder: where does this computer show the card's bootfs?"),
        (["BOOT", "--suite", "bookworm"],
         ("--suite: the card has trixie, as its file user-data tells: leave --suite bookworm out,"
          " or write the card again with Raspberry Pi Imager")),
        (["BOOT", "--name=-x"], "'--name=-x' is not an option: deploy/card.sh --help lists them"),
        (["BOOT", "--name", "-x"],
         "--name: '-x' cannot be the name of a machine: use letters, digits and hyphens"),
        (["BOOT", "--music", "/nowhere"], "--music: /nowhere is not a folder"),
        (["BOOT", "--country", "DE"], "--country and --wifi-password need --wifi SSID"),
        (["BOOT", "--wifi", "a"],
         "there is no terminal to ask for the WLAN's password: use --wifi-password FILE"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_line_and_ends_with_2(
    source: Source, boot: Path, words: list[str], mistake: str
) -> None:
    before = content(boot)
    done = card(source, *[str(boot) if word == "BOOT" else word for word in words])
    assert (done.returncode, done.stderr) == (2, f"moodbox: {mistake}\n".replace("BOOT", str(boot)))
    assert content(boot) == before


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        (["examine", "BOOT", "--suite=sid"], "--suite: 'sid' is neither trixie nor bookworm"),
        (["examine", "BOOT", "--name=my box"],
         "--name: 'my box' cannot be the name of a machine: use letters, digits and hyphens"),
        (["examine", "BOOT", "--name=hall.local"],
         ("--name: 'hall.local' cannot be the name of a machine: use letters, digits and hyphens"
          " (.local comes by itself)")),
        (["examine", "BOOT", "--music=BOOT"],
         "--music: no songs are in BOOT: expected files such as .mp3, .ogg or .flac"),
        (["examine", "BOOT", "--settings=/nowhere"], "--settings: /nowhere is not a file"),
        (["wifi", "BOOT", "--wifi="], "--wifi: the name of a WLAN has 1 to 32 bytes"),
        (["wifi", "BOOT", "--wifi=a", "--country=Germany"],
         "--country: 'Germany' is not a country: expected two letters, such as DE, or GB for Britain"),
        (["wifi", "BOOT", "--wifi=a", "--wifi-password=/nowhere"],
         "--wifi-password: /nowhere cannot be read: No such file or directory"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_option_is_one_line_and_changes_nothing(
    boot: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    mistake: str,
) -> None:
    monkeypatch.syspath_prepend(REPOSITORY / "deploy")
    before = content(boot)
    assert importlib.import_module("card").main([word.replace("BOOT", str(boot)) for word in words]) == 2
    assert capsys.readouterr() == ("", f"moodbox: {mistake}\n".replace("BOOT", str(boot)))
    assert content(boot) == before


def test_wrong_settings_are_refused_with_their_line(source: Source, boot: Path, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[music]\nvolume = 300\n")
    done = card(source, boot, "--settings", tmp_path / "settings.toml")
    assert done.returncode == 2
    assert re.fullmatch(r"moodbox: --settings: .*settings\.toml: .*\n", done.stderr)


def test_what_is_no_boot_partition_or_has_32_bits_is_refused(source: Source, boot: Path) -> None:
    (boot / "kernel7.img").touch()
    done = card(source, boot)
    assert (done.returncode, done.stderr) == (
        4, f"moodbox: {boot} has a 32 bit system: write the 64 bit Raspberry Pi OS Lite to the card\n",
    )  # fmt: skip
    (boot / "config.txt").unlink()
    done = card(source, boot)
    assert done.returncode == 4
    assert re.fullmatch(
        r"moodbox: .* is not the boot partition of Raspberry Pi OS: it has no config.txt; .*\n", done.stderr
    )


def test_user_data_that_cannot_be_read_costs_nothing_on_the_card(source: Source, boot: Path) -> None:
    (boot / "user-data").write_text("#cloud-config\nusers: [\n")
    before = content(boot)
    done = card(source, boot)
    assert done.returncode == 4
    assert re.fullmatch(r"moodbox: user-data on the card cannot be used: line \d.*\n", done.stderr)
    assert content(boot) == before


@pytest.mark.parametrize(
    ("number", "code", "line"),
    [
        (
            errno.EROFS,
            4,
            r"moodbox: .* cannot be written \(Read-only file system\): is the card's switch at 'lock'.*\n",
        ),
        (errno.ENOSPC, 5, r"moodbox: .*: No space left on device\n"),
    ],
)
def test_a_partition_that_cannot_be_written_is_one_line(
    boot: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
    code: int,
    line: str,
) -> None:
    monkeypatch.syspath_prepend(REPOSITORY / "deploy")
    module = importlib.import_module("card")

    def refuse(path: Path, **_: object) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert module.main(["examine", str(boot)]) == code
    assert re.fullmatch(line, capsys.readouterr().err)


def test_too_little_space_is_said_before_anything_is_written(
    boot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(REPOSITORY / "deploy")
    module = importlib.import_module("card")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, 50 * 2**20))
    (tmp_path / "release.tar").write_bytes(b"\0" * 11 * 2**20)
    (tmp_path / "music").mkdir()
    (tmp_path / "music/a.ogg").touch()
    (boot / "moodbox").mkdir()
    (boot / "moodbox/release.tar").write_text("of an earlier time")
    before = content(boot)
    words = ["write", str(boot), f"--music={tmp_path / 'music'}", f"--release={tmp_path / 'release.tar'}"]
    assert module.main([*words, "--release-name=1-py313-0"]) == 5
    assert capsys.readouterr().err == (
        f"moodbox: {boot} has 50 MB free, and this needs 52; copy less music along, and the rest later"
        " (docs/put-music-on-it.md)\n"
    )
    assert content(boot) == before
