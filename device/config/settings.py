"""The schema of the settings: each key's meaning, type, range and default, in this one place.

`device.config.reading` checks a TOML file against it, and `device.config.documented` writes
`deploy/moodbox.toml` from it. The text under a key is a comment there, written for the owner of a box.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

import device
from device.config.home import Home
from device.config.paths import expanded
from device.config.section import Section
from device.mood import Mood

MODELS = Path(device.__file__).resolve().parent.parent / "models"
DEFAULT_MODEL = MODELS / "mood3.tflite"
OWN_MODELS = ("mood3", "mood7")

Pin = Annotated[int, Meta(ge=0, le=27)]
"""A GPIO by its BCM number."""
OptionalPin = Annotated[int, Meta(ge=-1, le=27)]
"""A GPIO by its BCM number, or -1 for none."""
Patterns = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...], Meta(max_length=100)]
Share = Annotated[float, Meta(ge=0, le=1)]
Style = Literal["lift", "match"]
Colour = tuple[Share, Share, Share]
"""Red, green and blue."""
AffectPoint = tuple[Share, Share]
"""A valence and an energy."""


class Model(Section, frozen=True):
    """The network that tells moods from faces."""

    path: str = ""
    """One of moodbox's own models, "mood3" (happy, neutral, sad) or "mood7" (all seven moods), or the path of
    another .tflite file with its card (.json) beside it. Empty: mood3.
    """
    runtime: Literal["auto", "tflite-runtime", "ai-edge-litert"] = "auto"
    """What runs it: "tflite-runtime", "ai-edge-litert", or "auto" for the first that is installed."""

    def file(self) -> Path:
        """Return the path of the `.tflite` file, moodbox's own mood3 if none is named."""
        if self.path in OWN_MODELS:
            return MODELS / f"{self.path}.tflite"
        return expanded(self.path) if self.path else DEFAULT_MODEL


class Camera(Section, frozen=True):
    """Where frames come from."""

    source: str = "auto"
    """One of "picamera2" (the Pi's camera; its second one is "picamera2:1"), "webcam:0", "webcam:/dev/PATH"
    (such as /dev/v4l/by-id/NAME, which stays the same), "images:PATH" (a picture, or a folder as successive
    frames), "video:FILE", or "auto": picamera2 where it is installed, else webcam:0.
    """
    width: Annotated[int, Meta(ge=64, le=1920)] = 320
    """The width of a frame in pixels. Larger frames show faces farther away, and take longer."""
    height: Annotated[int, Meta(ge=64, le=1080)] = 240
    """A frame's height in pixels, as the camera gives it, before it is rotated."""
    rotate: Literal[0, 90, 180, 270] = 0
    """The degrees, clockwise, by which each frame is rotated so that faces are upright: 180 for a camera that
    is mounted upside down. `moodbox look` says so if it finds a face only in a rotated frame.
    """
    mirror: bool = False
    """true to swap left and right of each frame, for a camera that sees a mirror."""
    settle: Annotated[float, Meta(ge=0, le=10)] = 0.5
    """Seconds that the exposure takes to settle after the camera is opened; earlier frames are too dark."""


class Look(Section, frozen=True):
    """One look at the person in front of the box."""

    readings: Annotated[int, Meta(ge=1, le=100)] = 5
    """A look ends when this many frames in a row show the same mood ..."""
    seconds: Annotated[float, Meta(gt=0, le=60)] = 3.0
    """... or after this many seconds."""
    detector: Literal["haar", "lbp"] = "haar"
    """What proposes faces: "haar", the cascade that the models have learned with, or "lbp", one of local
    binary patterns, which misses more faces and is not faster here (models/COMPARISON.md).
    """
    min_face: Annotated[float, Meta(ge=0.05, le=1)] = 0.08
    """The smallest face that is searched for, as a share of the frame's height. Smaller is slower, and finds
    faces farther away.
    """


def _default_leds() -> dict[Mood, Pin]:
    return {Mood.HAPPY: 5, Mood.NEUTRAL: 6, Mood.SAD: 13}


def _default_colours() -> dict[Mood, Colour]:
    return {
        Mood.HAPPY: (1.0, 0.7, 0.0),
        Mood.NEUTRAL: (0.0, 1.0, 0.3),
        Mood.SAD: (0.0, 0.2, 1.0),
        Mood.ANGRY: (1.0, 0.1, 0.0),
        Mood.FEAR: (0.5, 0.0, 1.0),
        Mood.DISGUST: (0.4, 0.6, 0.0),
        Mood.SURPRISE: (1.0, 0.2, 0.8),
    }


class Panel(Section, frozen=True):
    """Lights, button and what may be wired beside them, by BCM pin numbers."""

    kind: Literal["leds", "rgb", "strip"] = "leds"
    """One of "leds" for one LED per mood, "rgb" for one RGB LED, or "strip" for a strip or ring of WS2812
    pixels, which `deploy/deploy.sh --strip HOST` connects (docs/parts.md).
    """
    leds: dict[Mood, Pin] = msgspec.field(default_factory=_default_leds)
    """The pin of each mood's LED. A mood without one is shown by the LED of the most similar mood."""
    rgb: tuple[Pin, Pin, Pin] = (5, 6, 13)
    """The RGB LED's pins: red, green, blue."""
    colours: dict[Mood, Colour] = msgspec.field(default_factory=_default_colours)
    """Each mood's colour on an RGB LED or a strip: red, green, blue from 0 to 1."""
    strip: str = "/dev/spidev0.0"
    """The SPI device that a strip is connected to. /dev/spidev0.0 sends on GPIO 10, and takes 7 to 11."""
    strip_pixels: Annotated[int, Meta(ge=1, le=240)] = 8
    """How many pixels the strip has. They all show the same colour."""
    strip_order: Literal["grb", "rgb", "grbw", "rgbw"] = "grb"
    """The order in which a pixel takes its colours: "grb" for WS2812 and most others. If red and green are
    swapped: "rgb". Pixels with a white light besides: "grbw", "rgbw"; that one stays dark.
    """
    brightness: Share = 1.0
    """How bright the lights look, of any kind: 1 is as bright as they can be, 0.5 half as bright, 0 dark."""
    dim_from: str = ""
    """When the night begins for the lights, such as "22:00", in the Pi's own time zone. Empty: never."""
    dim_to: str = ""
    """When it ends, such as "07:00"."""
    dim_brightness: Share = 0.3
    """How bright the lights look at night."""
    active_high: bool = True
    """true if a light is on while its pin is high, false if while it is low."""
    button: Pin = 16
    """The button's pin."""
    volume: Annotated[tuple[Pin, ...], Meta(max_length=2)] = ()
    """A rotary encoder for the volume: its pins A and B, such as [17, 27]. Swap them if turning it to the
    right makes the music quieter. Empty: there is none.
    """
    volume_steps_per_stop: Literal[2, 4] = 4
    """The encoder's steps from one stop that you feel to the next, 2 or 4. If only every second stop changes
    the volume, it is 2; if each stop changes it twice, 4.
    """
    next: OptionalPin = -1
    """The pin of a button that goes on to the next song; -1 if there is none."""
    correct: OptionalPin = -1
    """The pin of a button for "that was wrong"; -1 if there is none. Within ten seconds of a look, each press
    of it goes on to the next likely mood.
    """
    pull_up: bool = True
    """true if buttons and encoder connect their pins to ground, false if to 3.3 V."""
    debounce: Annotated[float, Meta(ge=0.001, le=0.05)] = 0.03
    """Seconds that a button's level must last to count."""
    hold: Annotated[float, Meta(ge=0.5, le=30)] = 3.0
    """Seconds to hold the button so that letting go pauses or resumes the music."""
    double_press: Annotated[float, Meta(ge=0, le=1)] = 0.35
    """Two presses within this many seconds skip the song. A look begins only after this time has passed
    without a second press. 0: the box looks at once, and two presses are two looks.
    """
    off: Annotated[float, Meta(ge=0, le=60)] = 8.0
    """Seconds to hold the button so that letting go switches the machine off; 0 for never."""


def default_courses() -> dict[Mood, tuple[AffectPoint, AffectPoint]]:
    """Return where each mood's music begins and ends, as (valence, energy).

    The values are our judgement. Music that leads from the listener's mood to a better one follows the
    iso-principle (Starcke et al. 2021).
    """
    return {
        Mood.HAPPY: ((0.75, 0.70), (0.75, 0.70)),
        Mood.NEUTRAL: ((0.55, 0.50), (0.65, 0.60)),
        Mood.SAD: ((0.30, 0.35), (0.65, 0.55)),
        Mood.ANGRY: ((0.40, 0.75), (0.60, 0.40)),
        Mood.FEAR: ((0.45, 0.40), (0.60, 0.30)),
        Mood.DISGUST: ((0.45, 0.45), (0.65, 0.50)),
        Mood.SURPRISE: ((0.65, 0.65), (0.65, 0.65)),
    }


class Music(Section, frozen=True):
    """The MPD that plays, and how songs are chosen."""

    address: str = "/run/mpd/socket"
    """MPD's Unix socket, or HOST:PORT."""
    password: str = ""
    """MPD's password, if it has one."""
    at_start: bool = False
    """true to begin music as soon as the box has started: it goes on with what was played last, or, if
    nothing was, plays for a neutral mood. false to begin with the first face or press.
    """
    handful: Annotated[int, Meta(ge=1, le=200)] = 12
    """How many songs are queued at a time."""
    no_repeat: Annotated[int, Meta(ge=0, le=1000)] = 30
    """A song is not played again among this many songs, as long as other songs fit."""
    timeout: Annotated[float, Meta(ge=0.1, le=30)] = 2.0
    """Seconds in which MPD's whole answer must arrive; after them MPD counts as not reachable. Answers for
    which MPD reads its disk may take up to 10.
    """
    crossfade: Annotated[int, Meta(ge=-1, le=60)] = -1
    """Seconds that a song fades into the next, 0 for none. -1 leaves MPD's own setting alone."""
    replay_gain: Literal["", "off", "track", "album", "auto"] = ""
    """How MPD levels the loudness of songs by their ReplayGain tags: "track", "album", "auto" or "off". Empty
    leaves MPD's own setting alone.
    """
    volume_max: Annotated[int, Meta(ge=0, le=100)] = 100
    """The highest volume, in percent, that the box itself sets. Other clients of MPD can go above it."""
    volume_start: Annotated[int, Meta(ge=-1, le=100)] = -1
    """The volume, in percent, whenever the box starts. -1 leaves MPD's volume as it was."""
    places: str = ""
    """A TOML file with the valence and energy of genres and MOOD tags. It needs only the entries that differ
    from moodbox's own table, device/library/places.toml. Empty: moodbox's own table alone.
    """
    listen: bool = True
    """true to analyze the sound of the songs in the background. Tempo, loudness and brightness then place
    songs without tags, and correct the energy of the others. It needs the extra `sound`.
    """
    folder: str = ""
    """MPD's music folder. Empty: the box asks MPD, which tells it only over its Unix socket."""
    leave_out_genres: Patterns = (
        "Audiobook*", "Audio Theat*", "Hörbuch*", "Hoerbuch*", "Hörspiel*", "Hoerspiel*", "Podcast*",
        "Speech", "Spoken Word",
    )  # fmt: skip
    """Genres that are no music: the box never chooses such songs. Case, accents and spaces do not matter, and
    * stands for any text. One matching genre among several is enough. [] to choose from everything.
    """
    leave_out_folders: Patterns = ()
    """Folders in MPD's music folder whose songs the box never chooses, such as ["Audiobooks", "*/Podcasts"]:
    * stands for any text. A stored playlist with a mood's name may name such songs all the same.
    """
    style: Style = "lift"
    """The style "lift" leads step by step from the listener's mood to a better one, "match" stays in the
    listener's mood.
    """
    course_songs: Annotated[int, Meta(ge=1, le=100)] = 6
    """How many songs the way to the better mood takes."""
    stickers: bool = True
    """true to share plays and skips with MPD's other clients (the stickers playCount, skipCount, lastPlayed,
    lastSkipped), and to prefer the songs that they like (like).
    """
    streams: bool = False
    """true to let MPD fetch streams, such as web radio, from the network. With false, MPD is kept from the
    network, and plays files alone. A deploy applies it, if MPD's configuration is the box's own.
    """
    courses: dict[Mood, tuple[AffectPoint, AffectPoint]] = msgspec.field(default_factory=default_courses)
    """Where the music of each mood begins and where it leads: valence and energy, each from 0 (dark, calm) to
    1 (bright, energetic). A stored playlist with the mood's name takes the place of the library.
    """


class Service(Section, frozen=True):
    """Where the daemon keeps its files."""

    socket: str = ""
    """The socket where `moodbox status`, `press` and `skip` reach the box. Empty: /run/moodbox/control.sock
    if that folder exists, else one in the user's own runtime folder.
    """
    state: str = ""
    """The folder where the box keeps what it has learned. Empty: /var/lib/moodbox if it exists, else
    ~/.local/state/moodbox.
    """
    log_moods: bool = False
    """Whether the journal says which mood was seen. Otherwise it has the time of each look, and whether it
    named a mood, but not which.
    """

    def socket_path(self) -> Path:
        """Return where the running box listens: the same for the daemon and for its clients."""
        if self.socket:
            return expanded(self.socket)
        system = Path("/run/moodbox")
        personal = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}") / "moodbox"
        return (system if system.is_dir() else personal) / "control.sock"

    def state_path(self) -> Path:
        """Return the folder where the box keeps what it has learned: the service's, else the user's own."""
        if self.state:
            return expanded(self.state)
        system = Path("/var/lib/moodbox")
        personal = expanded(os.environ.get("XDG_STATE_HOME") or "~/.local/state") / "moodbox"
        return system if system.is_dir() else personal


class Room(Section, frozen=True):
    """Several rooms: one box plays for all (docs/rooms.md). `deploy/deploy.sh --rooms HOST` applies this."""

    serve: bool = False
    """true to play this box's music in other rooms, too, and to let a press there move it."""
    server: str = ""
    """The name or address of the box whose music this one plays, such as "kitchen.local". Its own MPD is then
    quiet. Empty: this box plays its own music.
    """

    def end(self) -> list[str]:
        """Return the options of `moodbox room` at this box; none if it plays alone."""
        if self.serve:
            return ["--listen"]
        return ["--server", self.server] if self.server else []


class Settings(Section, frozen=True):
    """The whole file."""

    model: Model = Model()
    camera: Camera = Camera()
    look: Look = Look()
    panel: Panel = Panel()
    music: Music = Music()
    service: Service = Service()
    room: Room = Room()
    home: Home = Home()
