"""`moodbox check`."""

from __future__ import annotations

import contextlib
import json
from contextlib import closing
from pathlib import Path

import cv2
import mpd
import msgspec
import pytest

from device.config.settings import Camera, Settings
from device.demo.server import PrivateMpd
from device.library.index import LibraryIndex
from device.library.scan import scan
from device.mpd.connection import connected
from device.mpd.tone.outputs import NO_SOUND_CARD
from device.vision.pictures import read_picture
from tests.device.cli.commands import moodbox, moodbox_process, running
from tests.device.conftest import HAPPY, rename_output, set_output
from tests.device.library.scanning import LEXICON, without_database
from tests.waiting import eventually


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """With a picture of half the size, in which a face is found sooner in all four rotations."""
    cv2.imwrite(str(tmp_path / "happy.png"), read_picture(HAPPY)[::2, ::2])
    return msgspec.structs.replace(settings, camera=Camera(source=f"images:{tmp_path}/happy.png"))


def test_check_says_of_each_part_whether_it_works(settings_file: Path, library: PrivateMpd) -> None:
    result = moodbox_process("check", "--json", "--settings", settings_file)
    findings = json.loads(result.stdout)
    assert [f["part"] for f in findings] == [
        "settings",
        "model",
        "camera",
        "panel",
        "player",
        "library",
        "storage",
    ]
    assert all(f["well"] for f in findings), findings
    assert result.returncode == 0


def test_check_says_what_is_wrong_and_how_to_fix_it(settings_file: Path) -> None:
    settings_file.write_text(settings_file.read_text().replace("images:", "webcam:7 # "))
    settings_file.write_text(settings_file.read_text().replace("webcam:7 # ", 'webcam:7" # '))
    result = moodbox("check", "--settings", settings_file, GPIOZERO_PIN_FACTORY="lgpio")
    bad = [line for line in result.stdout.splitlines() if line.startswith("BAD")]
    assert [line.split()[1] for line in bad] == ["camera", "panel", "player", "library"]
    assert "plug one in" in bad[0]
    assert "apt install python3-lgpio" in bad[1]
    assert "systemctl start mpd" in bad[2]
    assert result.returncode == 1


def test_check_says_in_whose_light_a_mood_is_shown_that_has_none(
    settings_file: Path, library: PrivateMpd
) -> None:
    settings_file.write_text(f'{settings_file.read_text()}\n[model]\npath = "mood7"\n')
    result = moodbox("check", "--settings", settings_file)
    assert (
        "ok   model     mood7 tells angry, disgust, fear, happy, neutral, sad, surprise; without a light of "
        "their own: angry is shown as sad, disgust is shown as sad, fear is shown as sad, surprise is shown "
        "as happy\n"
    ) in result.stdout
    assert result.returncode == 0


def test_check_says_which_mood_no_light_can_show(settings_file: Path, library: PrivateMpd) -> None:
    settings_file.write_text(f"{settings_file.read_text()}\n[panel.leds]\nneutral = 5\nsad = 6\n")
    result = moodbox("check", "--settings", settings_file)
    assert "BAD  model     no light for happy: add one to [panel] in the settings\n" in result.stdout
    assert result.returncode == 1


def test_check_says_why_nothing_can_be_heard(settings_file: Path, sounding: PrivateMpd) -> None:
    client = sounding.client()
    client.disableoutput(0)
    result = moodbox("check", "--settings", settings_file)
    assert (
        "BAD  player    all of MPD's outputs are switched off: "
        f"`mpc --host={sounding.address} outputs` lists them, `mpc --host={sounding.address} enable NUMBER`"
    ) in result.stdout
    assert result.returncode == 1
    client.enableoutput(0)
    assert "sound" not in moodbox("check", "--settings", settings_file).stdout
    set_output(sounding, 'type "null"')
    result = moodbox("check", "--settings", settings_file)
    assert 'the only output that MPD uses makes no sound (type "null")' in result.stdout
    assert "in the file that MPD was started with" in result.stdout  # the demo's is not /etc/mpd.conf
    assert result.returncode == 0  # on purpose, perhaps
    rename_output(sounding, NO_SOUND_CARD)
    result = moodbox("check", "--settings", settings_file)
    assert "the demo plays without sound, because it has found no sound card" in result.stdout


def test_check_says_how_to_switch_spi_on_for_a_strip(settings_file: Path, library: PrivateMpd) -> None:
    settings_file.write_text(
        f'{settings_file.read_text()}\n[panel]\nkind = "strip"\nstrip = "/dev/spidev99.0"\n'
    )
    result = moodbox("check", "--settings", settings_file)
    assert (
        "BAD  panel     /dev/spidev99.0 is not there: switch SPI on with `sudo raspi-config nonint do_spi 0`"
    ) in result.stdout
    assert result.returncode == 1


def test_check_finds_an_empty_library(settings_file: Path, mpd: PrivateMpd) -> None:
    result = moodbox("check", "--settings", settings_file)
    assert (
        "BAD  library   MPD's library has no songs: put music into its folder, "
        f"then `mpc --host={mpd.address} update`\n"
    ) in result.stdout
    assert result.returncode == 1


def test_check_says_that_a_moods_playlist_holds_streams_which_mpd_may_not_fetch(
    settings_file: Path, library: PrivateMpd
) -> None:
    (library.playlists / "Sad.m3u").write_text("sad/01.ogg\nhttp://127.0.0.1:1/radio.ogg\n")
    (library.playlists / "other.m3u").write_text("http://127.0.0.1:1/radio.ogg\n")
    asked = moodbox("check", "--settings", settings_file)
    assert (
        "; the playlist sad holds streams, which MPD may not fetch: set music.streams = true" in asked.stdout
    )
    allowed = settings_file.read_text().replace("[music]", "[music]\nstreams = true")
    settings_file.write_text(allowed)
    assert "streams" not in moodbox("check", "--settings", settings_file).stdout


def test_check_says_how_many_songs_were_analyzed(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    settings_file.write_text(settings_file.read_text().replace("listen = false", "listen = true"))
    moodbox("songs", "--mood", "sad", "--settings", settings_file)
    with closing(LibraryIndex.open(settings.service.state_path())) as index:
        (song,) = index.unanalyzed("", 1, known=True)
        index.keep_analysis(song, "silence", song.affect)
    result = moodbox("check", "--settings", settings_file)
    assert "ok   library   48 songs; 1 analyzed, without a result for 1 of them\n" in result.stdout


def test_check_says_why_songs_are_unanalyzed_and_does_not_fail(
    settings_file: Path, library: PrivateMpd, tmp_path: Path
) -> None:
    missing = f'listen = true\nfolder = "{tmp_path / "missing"}"'
    settings_file.write_text(settings_file.read_text().replace("listen = false", missing))
    result = moodbox("check", "--settings", settings_file)
    assert "ok   library   48 songs; they are not analyzed: " in result.stdout
    assert "is not there, or may not be read by this user" in result.stdout


def test_check_says_why_mpd_cannot_play(settings_file: Path, library: PrivateMpd) -> None:
    library.stop()
    configuration = library.folder / "mpd.conf"
    configuration.write_text(configuration.read_text().replace('type "null"', 'type "alsa"\ndevice "hw:77"'))
    library.start()
    with contextlib.suppress(mpd.CommandError):
        library.client().add("sad/01.ogg")
        library.client().play()
    eventually(lambda: "error" in library.client().status())
    result = moodbox("check", "--settings", settings_file)
    assert "BAD  player    MPD says: " in result.stdout
    assert result.returncode == 1


def test_check_beside_a_running_box_uses_its_status_for_pins_and_camera(
    settings_file: Path, library: PrivateMpd
) -> None:
    with running(settings_file):
        result = moodbox("check", "--settings", settings_file)
    assert "in use by the box that runs" in result.stdout
    assert result.returncode == 0


def test_check_has_a_line_for_each_control_that_is_wired(settings_file: Path, library: PrivateMpd) -> None:
    wired = "[panel]\npull_up = false\nvolume = [17, 27]\nnext = 2\n"  # GPIO2 is pulled up by the board
    settings_file.write_text(f"{settings_file.read_text()}\n{wired}")
    result = moodbox("check", "--settings", settings_file)
    assert "ok   volume    GPIO17 and GPIO27\n" in result.stdout
    assert "BAD  next      " in result.stdout
    assert "correct" not in result.stdout
    assert result.returncode == 1


def test_check_says_that_mpd_has_no_database(settings_file: Path, library: PrivateMpd) -> None:
    with without_database(library):
        lines = moodbox("check", "--settings", settings_file).stdout.splitlines()
    [bad] = [line for line in lines if line.startswith("BAD")]
    assert bad.startswith("BAD  library")
    assert "No database" in bad


def test_check_says_if_the_box_has_not_read_all_of_mpds_songs(
    settings_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    with (
        LibraryIndex.opened_for_command(settings.service.state_path()) as index,
        connected(settings.music) as client,
    ):
        for _ in scan(client, index, LEXICON, settings.music.address):
            pass
    assert "48 songs\n" in moodbox("check", "--settings", settings_file).stdout
    (library.music / "happy/00.ogg").unlink()
    library.update()
    assert (
        "47 songs; the box knows 48, and reads them again when the library changes\n"
        in moodbox("check", "--settings", settings_file).stdout
    )
