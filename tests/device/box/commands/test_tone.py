"""The test tone, at a real MPD: it is heard, and then everything is as it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import mpd
import numpy as np
import pytest
import soundfile

from device.box.commands import tone as request
from device.config.settings import Settings
from device.control.client import ask
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.errors import ServiceError
from device.mpd.connection import Client
from device.mpd.tone import player, synthesis
from device.playback.memory import Memory
from device.playback.tasks import LOST
from tests.device.box.commands.test_songs import stream_of
from tests.device.box.helpers import PictureSequence, plays
from tests.device.conftest import seek, set_output
from tests.waiting import eventually


@pytest.fixture(autouse=True)
def short(sounding: PrivateMpd, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tone that is cut short, so that the tests need not wait for it."""
    monkeypatch.setattr(player, "SOUND_S", 0.2)
    monkeypatch.setattr(player, "POLL_INTERVAL_S", 0.02)
    monkeypatch.setattr(request, "AGAIN_S", 0.0)


@pytest.fixture
def client(library: PrivateMpd) -> Iterator[mpd.MPDClient]:
    """Another client, that sees what MPD does."""
    other = library.client()
    yield other
    other.disconnect()


@pytest.fixture
def box(harness: Harness) -> Harness:
    """A box whose music plays."""
    plays(harness, "Disco")
    return harness


def tone(settings: Settings) -> dict[str, Any]:
    return ask(settings.service.socket_path(), "tone")


def heard(settings: Settings, client: mpd.MPDClient) -> bool:
    """Play the tone, and tell whether MPD has played its file."""
    replies: list[dict[str, Any]] = []
    asked = threading.Thread(target=lambda: replies.append(tone(settings)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(player, "SOUND_S", 60.0)
        asked.start()
        eventually(lambda: not asked.is_alive() or client.currentsong().get("file") == str(player.FILE))
        was_heard = asked.is_alive()
        patched.setattr(player, "SOUND_S", 0.2)
        asked.join()
    assert replies == [{"ok": True}]
    return was_heard


def state_of(client: mpd.MPDClient) -> dict[str, str]:
    """What the tone must not change: the queue, the song in it, and MPD's state and modes."""
    status = client.status()
    kept = ("state", "songid", "volume", "repeat", "random", "single", "consume", "error")
    queue = " ".join(song["id"] + song["file"] for song in client.playlistinfo())
    return {key: status.get(key, "") for key in kept} | {"queue": queue}


@pytest.mark.parametrize("modes", [(), ("repeat", "random"), ("consume", "single")])
def test_the_song_goes_on_where_it_was_and_nothing_is_learned(
    box: Harness, settings: Settings, client: mpd.MPDClient, modes: tuple[str, ...]
) -> None:
    for mode in modes:
        getattr(client, mode)(1)
    seek(client, 20)
    eventually(lambda: float(client.status()["elapsed"]) > 20)
    before = state_of(client)
    assert heard(settings, client)
    assert state_of(client) == before
    assert 20 < float(client.status()["elapsed"]) < 40
    assert box.status()["stepped_back"] is False
    with closing(Memory.open(settings.service.state_path())) as memory:
        assert str(player.FILE) not in " ".join(memory.played(10))


@pytest.mark.parametrize("state", ["pause", "stop"])
def test_music_that_does_not_play_does_not_afterwards(
    box: Harness, settings: Settings, client: mpd.MPDClient, state: str
) -> None:
    getattr(client, state)()
    eventually(lambda: box.status()["playing"] == state)
    before = state_of(client)
    assert heard(settings, client)
    assert heard(settings, client)
    assert state_of(client) == before
    assert box.status()["playing"] == state


def test_in_an_empty_queue_it_plays_and_leaves_it_empty(
    box: Harness, settings: Settings, client: mpd.MPDClient
) -> None:
    client.stop()
    client.clear()
    eventually(lambda: box.status()["song"] is None)
    assert heard(settings, client)
    assert state_of(client)["queue"] == ""
    assert state_of(client)["state"] == "stop"


def test_a_stream_plays_on_though_it_has_no_place_to_go_on_from(
    settings: Settings,
    camera: PictureSequence,
    library: PrivateMpd,
    silence: Path,
    client: mpd.MPDClient,
) -> None:
    with stream_of(silence) as uri:
        (library.playlists / "happy.m3u").write_text(f"{uri}\n")
        with harness_for(settings, camera) as box:
            eventually(lambda: client.currentsong().get("file") == uri and box.status()["playing"] == "play")
            before = state_of(client)
            assert heard(settings, client)
            assert state_of(client) == before


def test_in_a_queue_that_is_full_it_says_so(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    configuration = library.folder / "mpd.conf"
    configuration.write_text(f'max_playlist_length "6"\n{configuration.read_text()}')
    library.stop()
    library.start()
    with harness_for(settings, camera) as box:
        plays(box, "Disco")
        with pytest.raises(ServiceError, match=r"too large\)$"):
            tone(settings)


def test_somebody_elses_music_is_not_interrupted(
    box: Harness, settings: Settings, client: mpd.MPDClient
) -> None:
    client.clear()
    client.playid(client.addid("sad/01.ogg"))
    eventually(lambda: box.status()["stepped_back"])
    eventually(lambda: box.status()["playing"] == "play")  # it has seen more than the empty queue
    before = state_of(client)
    with pytest.raises(ServiceError, match="somebody else's music plays"):
        tone(settings)
    assert state_of(client) == before


def test_what_somebody_plays_meanwhile_plays_on(
    box: Harness, settings: Settings, client: mpd.MPDClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player, "SOUND_S", 3.0)
    asked = threading.Thread(target=tone, args=(settings,))
    asked.start()
    eventually(lambda: client.currentsong().get("file") == str(player.FILE))
    theirs = client.addid("sad/01.ogg")
    client.playid(theirs)
    asked.join()
    assert client.status()["songid"] == theirs
    assert str(player.FILE) not in state_of(client)["queue"]
    eventually(lambda: box.status()["stepped_back"])


def test_without_a_volume_it_says_so(box: Harness, settings: Settings, client: mpd.MPDClient) -> None:
    client.setvol(0)
    eventually(lambda: box.status()["volume"] == 0)
    with pytest.raises(ServiceError, match="the volume is 0"):
        tone(settings)


def test_where_every_output_is_switched_off_it_says_so(
    box: Harness, settings: Settings, client: mpd.MPDClient
) -> None:
    client.disableoutput(0)
    before = state_of(client)
    with pytest.raises(
        ServiceError,
        match=rf"all of MPD's outputs are switched off: .*mpc --host={settings.music.address} enable",
    ):
        tone(settings)
    assert state_of(client) == before
    client.enableoutput(0)
    assert heard(settings, client)


def test_an_output_without_sound_is_no_output(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    set_output(library, 'type "null"')
    with harness_for(settings, camera) as box:
        plays(box, "Disco")
        with pytest.raises(ServiceError, match=r'makes no sound .type "null"'):
            tone(settings)


def test_a_second_one_waits_for_the_first(
    box: Harness, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request, "AGAIN_S", 60.0)
    tone(settings)
    with pytest.raises(ServiceError, match="plays already"):
        tone(settings)


def test_one_that_has_failed_is_tried_again_at_once(
    box: Harness, settings: Settings, client: mpd.MPDClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request, "AGAIN_S", 60.0)
    client.disableoutput(0)
    for _ in range(2):
        with pytest.raises(ServiceError, match="outputs are switched off"):
            tone(settings)
    client.enableoutput(0)
    assert tone(settings) == {"ok": True}


def test_an_output_that_fails_is_named_and_does_not_stay_as_trouble(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    set_output(library, 'type "recorder"\nencoder "flac"\npath "/nowhere/sound"')
    camera.missing = True  # so the box plays nothing itself
    with harness_for(settings, camera) as box:
        eventually(lambda: box.status()["playing"] == "stop")
        with pytest.raises(ServiceError, match=r"MPD says: .*Failed to open"):
            tone(settings)
        assert library.client().playlistinfo() == []
        assert "player" not in box.status()["trouble"]


def test_where_mpd_refuses_to_play_it_says_so_and_the_queue_is_as_before(
    box: Harness, settings: Settings, client: mpd.MPDClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MPD does so, and not each time, where its output has failed before it has answered."""

    def refuses(*_: object) -> None:
        raise mpd.CommandError('[5@0] {playid} Failed to open "moodbox"')

    before = state_of(client)
    monkeypatch.setattr(Client, "playid", refuses)
    with pytest.raises(ServiceError, match=r"MPD says: .*Failed to open"):
        tone(settings)
    monkeypatch.undo()
    assert state_of(client) == before


def test_one_that_a_killed_box_has_left_is_removed(
    settings: Settings, camera: PictureSequence, library: PrivateMpd, client: mpd.MPDClient
) -> None:
    client.addid(f"file://{player.FILE}")
    client.addid("sad/01.ogg")
    with harness_for(settings, camera) as box:
        plays(box, "Disco")
        files = [song["file"] for song in client.playlistinfo()]
    assert str(player.FILE) not in files
    assert "sad/01.ogg" in files


def test_without_mpd_it_says_so(box: Harness, settings: Settings, library: PrivateMpd) -> None:
    library.stop()
    eventually(lambda: box.status()["playing"] is None)
    with pytest.raises(ServiceError, match="MPD is not reachable"):
        tone(settings)


def test_the_file_that_comes_with_the_box_is_the_tone_and_everybody_may_read_it(tmp_path: Path) -> None:
    sound, rate = soundfile.read(player.FILE, dtype="float32")
    wanted = synthesis.synthesize()
    assert rate == synthesis.RATE
    assert len(sound) == len(wanted)
    assert np.corrcoef(sound, wanted)[0, 1] > 0.99
    assert np.abs(sound).max() < 0.3  # gentle
    assert not np.abs(sound[int(synthesis.SOUND_S * rate) :]).max() > 0.01
    assert player.FILE.stat().st_mode & 0o444 == 0o444
    synthesis.write(tmp_path / "tone.ogg")
    assert np.allclose(soundfile.read(tmp_path / "tone.ogg")[0], sound, atol=0.02)


def test_who_waits_for_a_tone_hears_that_mpd_was_lost(
    box: Harness,
    settings: Settings,
    client: mpd.MPDClient,
    library: PrivateMpd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(player, "SOUND_S", 60.0)
    replies: list[str] = []

    def wait_for_it() -> None:
        with pytest.raises(ServiceError) as refused:
            tone(settings)
        replies.append(str(refused.value))

    asked = threading.Thread(target=wait_for_it)
    asked.start()
    eventually(lambda: client.currentsong().get("file") == str(player.FILE))
    library.kill()
    asked.join()
    assert replies == [LOST]
    library.start()
    plays(box, "Disco")
