from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.config.documented import documented_toml, meanings
from device.config.reading import read_settings, settings_of
from device.config.settings import Service, Settings
from device.errors import SettingsError
from device.mood import Mood

DOCUMENTED = Path(__file__).parents[3] / "deploy" / "moodbox.toml"


def test_the_documented_file_holds_every_key_with_its_default() -> None:
    documented = tomllib.loads(DOCUMENTED.read_text())
    defaults = msgspec.to_builtins(Settings())
    assert documented == msgspec.json.decode(msgspec.json.encode(defaults))


def test_the_documented_file_is_made_from_the_schema() -> None:
    assert DOCUMENTED.read_text() == documented_toml(), "`make settings` writes it"


@pytest.mark.parametrize("name", Settings.__struct_fields__)
def test_every_key_of_the_schema_has_a_meaning(name: str) -> None:
    section = type(getattr(Settings(), name))
    assert tuple(meanings(section)) == section.__struct_fields__


def test_a_key_that_is_left_out_has_its_default(tmp_path: Path) -> None:
    path = tmp_path / "moodbox.toml"
    path.write_text("[panel]\nbutton = 21\n")
    settings = read_settings(path)
    assert settings.panel.button == 21
    assert settings.look == Settings().look


def test_without_a_file_the_defaults_are_used() -> None:
    assert read_settings(None) == Settings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[pannel]\n", "pannel: unknown key; did you mean 'panel'?"),
        ("brightness = 0.5\n", "brightness: unknown key; it belongs in [panel]"),
        ("[music]\nbrightness = 0.5\n", "music.brightness: unknown key; it belongs in [panel]"),
        ("[panel]\nbuton = 3\n", "panel.buton: unknown key; did you mean 'button'?"),
        ("[panel]\nfoo = 3\n", "panel.foo: unknown key; known are kind, leds"),
        ("[panel]\nbutton = '3'\n", "panel.button: expected a whole number; found '3'"),
        ("[panel]\nbutton = 28\n", "panel.button: expected a whole number of at most 27; found 28"),
        ("[panel]\nbutton = 5\n", "panel.leds.happy and panel.button: pin 5 is used twice"),
        ("[panel]\nnext = 16\n", "panel.button and panel.next: pin 16 is used twice"),
        ("[panel]\nvolume = [17, 17]\n", "panel.volume (A) and panel.volume (B): pin 17 is used twice"),
        ("[panel]\nvolume = [17, 6]\n", "panel.leds.neutral and panel.volume (B): pin 6 is used twice"),
        ("[panel]\nvolume = [17]\n", "panel.volume: expected two pins, A and B, or [] for none; found [17]"),
        (
            "[panel]\nvolume = [17, 27, 22]\n",
            "panel.volume: expected a list of at most 2; found [17, 27, 22]",
        ),
        (
            "[panel]\nvolume_steps_per_stop = 3\n",
            "panel.volume_steps_per_stop: expected one of 2, 4; found 3",
        ),
        (
            "[panel]\nkind = 'rgb'\nrgb = [1, 2, 2]\n",
            "panel.rgb (green) and panel.rgb (blue): pin 2 is used twice",
        ),
        (
            "[panel]\nkind = 'strip'\nbutton = 10\n",
            "panel.strip (MOSI) and panel.button: pin 10 is used twice",
        ),
        (
            "[panel]\nkind = 'strip'\nstrip = '/dev/spidev1.0'\nbutton = 20\n",
            "panel.strip (MOSI) and panel.button: pin 20 is used twice",
        ),
        (
            "[panel]\nkind = 'strip'\nstrip = '/dev/sda'\n",
            "panel.strip: expected an SPI device, such as /dev/spidev0.0; found '/dev/sda'",
        ),
        ("[panel]\nstrip_order = 'xyz'\n", "panel.strip_order: 'xyz' is not known; known are grb, rgb,"),
        ("[panel]\nstrip_pixels = 0\n", "panel.strip_pixels: expected a whole number of at least 1; found 0"),
        ("[panel]\nbrightness = 1.5\n", "panel.brightness: expected a number of at most 1; found 1.5"),
        (
            "[panel]\ndim_from = '24:00'\ndim_to = '07:00'\n",
            'panel.dim_from: expected a time, such as "22:00", or "" for none; found \'24:00\'',
        ),
        (
            "[panel]\ndim_from = '22:00'\ndim_to = '7:00'\n",
            'panel.dim_to: expected a time, such as "22:00", or "" for none; found \'7:00\'',
        ),
        ("[panel]\ndim_from = '22:00'\n", "panel.dim_from and panel.dim_to: set both, or none of them"),
        ("[panel]\nhold = 9\n", "panel.off: expected more than panel.hold (9), or 0 for never; found 8"),
        ("[panel]\nkind = 'led'\n", "panel.kind: 'led' is not known; did you mean 'leds'?"),
        ("[panel.leds]\nhapy = 3\n", "panel.leds: 'hapy' is not known; did you mean 'happy'?"),
        ("[look]\nseconds = 0\n", "look.seconds: expected a number above 0; found 0"),
        ("[look]\nseconds = nan\n", "look.seconds: expected a number above 0; found nan"),
        (
            "[music.genres]\nsad = ['Pop']\n",
            "music.genres: is no longer a setting: remove it; music.places names",
        ),
        ("[music.courses]\nsad = [0.3, 0.4]\n", "music.courses.sad: expected a list; found [0.3, 0.4]"),
        (
            "[music]\naddress = 'localhost'\n",
            "music.address: expected a socket's path (/run/mpd/socket) or HOST:PORT",
        ),
        (
            "[service]\nstate = 'moods'\n",
            "service.state: expected a path that begins with / or ~; found 'moods'",
        ),
        ("[service]\nsocket = 'x'\n", "service.socket: expected a path that begins with / or ~; found 'x'"),
        ("[music]\nfolder = 'm'\n", "music.folder: expected a path that begins with / or ~; found 'm'"),
        ("[home]\nbroker = 'mqtt://a..b'\n", "home.broker: expected mqtt://HOST or mqtts://HOST, with"),
        (
            f"[home]\nbroker = 'mqtt://{'a' * 64}'\n",
            "home.broker: expected mqtt://HOST or mqtts://HOST, with",
        ),
        ("[home]\nbroker = 'mqtt://[::::]'\n", "home.broker: expected mqtt://HOST or mqtts://HOST, with"),
        (f"[home]\nusername = '{'x' * 1001}'\n", "home.username: expected at most 1000 characters; found 'x"),
        (f"[home]\nprefix = '{'x' * 201}'\n", "home.prefix: expected letters, digits, _, - and / as in"),
        ("[home]\nbroker = 'mqtt://h:65536'\n", "home.broker: expected mqtt://HOST or mqtts://HOST, with"),
        (
            "[home]\nbroker = 'mqtt://me:secret@h'\n",
            "home.broker: user and password have keys of their own: home.username and home.password_file",
        ),
        ("[camera]\nrotate = 45\n", "camera.rotate: expected one of 0, 90, 180, 270; found 45"),
        ("[camera]\nrotate = '90'\n", "camera.rotate: expected a whole number; found '90'"),
        ("panel = 3\n", "panel: expected a table; found 3"),
        (
            "[panel.leds]\nhappy = 5\nsad = 99\n",
            "panel.leds.sad: expected a whole number of at most 27; found 99",
        ),
        ("[panel.colours]\nsad = [0, 1]\n", "panel.colours.sad: expected a list of 3; found [0, 1]"),
        ("[panel]\nrgb = [5, 6, 99]\n", "panel.rgb: expected a whole number of at most 27; found [5, 6, 99]"),
        ("[panel]\npull_up = 'yes'\n", "panel.pull_up: expected true or false; found 'yes'"),
        ("[music]\nleave_out_genres = [3]\n", "music.leave_out_genres: expected a text in quotes; found [3]"),
        ("[music]\nreplay_gain = 'x'\n", "music.replay_gain: 'x' is not known; known are \"\", off, track"),
        ("[panel\n", "not valid TOML: "),
        (
            "[home]\nbroker = ''\n[home]\n",
            "not valid TOML: the table [home] is there twice: keep one, with the keys of both (at line 3, ",
        ),
        ("[panel.leds]\n[panel.leds]\n", "not valid TOML: the table [panel.leds] is there twice: "),
        (
            "[room]\nserve = false\nserve = true\n",
            "not valid TOML: a key is there twice: keep one of the two lines (at line 3, ",
        ),
        (
            "[model]\npath = mood7\n",
            "not valid TOML: invalid value: a text needs quotes, and true and false are written small",
        ),
    ],
)
def test_a_mistake_is_one_line_with_file_key_and_what_was_expected(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "moodbox.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


def test_unused_light_pins_may_be_the_same_as_used_ones(tmp_path: Path) -> None:
    path = tmp_path / "moodbox.toml"
    path.write_text("[panel]\nkind = 'rgb'\nrgb = [17, 18, 22]\nbutton = 5\n")
    assert read_settings(path).panel.leds[Mood.HAPPY] == 5


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a = '\x00'"])
def test_a_file_that_is_not_text_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "moodbox.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"not valid TOML|not text in UTF-8"):
        read_settings(path)


@pytest.mark.parametrize("verb", ["run", "look", "status", "press"])
def test_a_missing_file_ends_every_verb_with_exit_code_2_and_nothing_started(
    tmp_path: Path, verb: str
) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "device", verb, "--settings", str(tmp_path / "no.toml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == (
        f"moodbox: {tmp_path}/no.toml: no such file; copy deploy/moodbox.toml there, or omit --settings\n"
    )


toml_values = st.one_of(
    st.integers(-(2**40), 2**40),
    st.floats(),
    st.booleans(),
    st.text(max_size=8),
    st.lists(st.integers(0, 30), max_size=4),
    st.dictionaries(st.sampled_from(["happy", "sad", "x"]), st.integers(0, 40), max_size=3),
)
sections = st.sampled_from(["model", "camera", "look", "panel", "music", "service", "other"])
keys = st.sampled_from(
    ["path", "source", "seconds", "button", "leds", "rgb", "colours", "address", "genres", "kind", "", "a`b"]
)


@pytest.mark.fuzz
@given(
    st.dictionaries(
        sections, st.one_of(toml_values, st.dictionaries(keys, toml_values, max_size=3)), max_size=3
    )
)
def test_any_content_gives_settings_or_one_line(content: dict[str, object]) -> None:
    answer = ""
    try:
        settings_of(content, Path("moodbox.toml"))
    except SettingsError as error:
        answer = str(error)
    assert len(answer.splitlines()) <= 1


LINES = [line for line in DOCUMENTED.read_text().splitlines() if line and not line.startswith("#")]
typed_lines = st.one_of(
    st.sampled_from(LINES),
    st.builds(  # a line with a typing mistake
        lambda line, place, typed: line[: place % len(line)] + typed + line[place % len(line) + 1 :],
        st.sampled_from(LINES),
        st.integers(0, 80),
        st.text("\"'[]={},.#-_ 0a\u00e9\t", max_size=3),
    ),
    st.text(max_size=20),
)


@pytest.mark.fuzz
@given(
    st.lists(typed_lines, max_size=8).map("\n".join).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.binary(max_size=40)
)
def test_any_mistyped_file_gives_settings_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = _typed(tmp_path_factory)
    path.write_bytes(content)
    answer = f"{path}: "
    try:
        read_settings(path)
    except SettingsError as error:
        answer = str(error)
    assert answer.startswith(f"{path}: ")
    assert len(answer.splitlines()) == 1


_paths: list[Path] = []


def _typed(factory: pytest.TempPathFactory) -> Path:
    if not _paths:
        _paths.append(factory.mktemp("typed") / "moodbox.toml")
    return _paths[0]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('[model]\npath = "~nosuchuser/m.tflite"', "model.path: ~nosuchuser/m.tflite: there is no such user"),
        ('[music]\nplaces = "~nosuchuser"', "music.places: ~nosuchuser: there is no such user"),
        ('[music]\nfolder = "~nosuchuser"', "music.folder: ~nosuchuser: there is no such user"),
        ('[camera]\nsource = "images:~nosuchuser"', "camera.source: ~nosuchuser: there is no such user"),
        ('[service]\nstate = "~nosuchuser"', "service.state: ~nosuchuser: there is no such user"),
        ('[model]\npath = "a\\u0000b"', r"model.path: the control character '\x00' has no place"),
        ('[music]\npassword = "a\\nkill"', r"music.password: the control character '\n' has no place"),
        ('[music]\nleft_out = ["a", "\\u001b[2J"]', r"music.left_out: the control character '\x1b' has"),
        ("a = " + "[" * 100_000 + "]" * 100_000, "not valid TOML: nested too deeply"),
        ("a = " + "{a=" * 100_000 + "1" + "}" * 100_000, "not valid TOML: nested too deeply"),
    ],
    ids=str,
)
def test_a_text_that_no_program_can_use_is_a_mistake_of_one_line(
    tmp_path: Path, line: str, problem: str
) -> None:
    file = tmp_path / "moodbox.toml"
    file.write_text(line)
    with pytest.raises(SettingsError) as raised:
        read_settings(file)
    assert f"{file}: {problem}" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"\xff", b"# " + b"x" * 2**20])
def test_a_settings_file_that_is_no_text_or_endless_is_a_mistake(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "moodbox.toml"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"not valid TOML|not text in UTF-8|too large"):
        read_settings(file)


def test_a_pipe_in_place_of_the_settings_does_not_keep_the_box_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "moodbox.toml")
    with pytest.raises(SettingsError, match="not a regular file"):
        read_settings(tmp_path / "moodbox.toml")


def test_a_home_folder_is_expanded_in_every_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    service = Service(state="~/state", socket="~/socket")
    assert service.state_path() == Path("/home/somebody/state")
    assert service.socket_path() == Path("/home/somebody/socket")
