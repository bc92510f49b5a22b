"""The one table of what the box can be asked, and the form of a request and its reply.

A client sends one line: a command's bare name, or a JSON object with its name in `do` and its arguments. The
reply is one line of JSON. The server's checks, the command line, its help and the table in docs/scripts.md
follow from the classes here. What a command does is in `device.box.requests`.
"""

from __future__ import annotations

import functools
import operator
import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from device.control.command import Command
from device.control.page_commands import PAGE_COMMANDS
from device.control.room_commands import ROOM_COMMANDS
from device.control.timer_commands import TIMER_COMMANDS
from device.errors import in_plain_words
from device.mood import Mood

PROTOCOL_VERSION = 1
"""Goes up if a request or a key changes its meaning. New ones may come without that."""
MAX_REQUEST_BYTES = 4096  # with the end of the line
MOODS = ", ".join(Mood)
SONG = "`song`: its artist and title, or its file"


class Status(Command, frozen=True, tag="status"):
    """The state of the box."""

    name = "status"
    summary = "print the status of the running box"
    sends = "the status"


class Subscribe(Command, frozen=True, tag="subscribe"):
    """The state of the box, now and whenever it changes."""

    goes_on = True
    name = "subscribe"
    summary = "print the status of the running box, and again after each change, until Ctrl-C"
    sends = "the status, a line at once and one after each change"


class Press(Command, frozen=True, tag="press"):
    """A single press of the button."""

    name = "press"
    summary = "do what a press of the button does: observe again"


class Skip(Command, frozen=True, tag="skip"):
    """A double press of the button."""

    name = "skip"
    summary = (
        "do what two quick presses do: go on to the next song, and play it, also while the music is paused"
    )


class Pause(Command, frozen=True, tag="pause"):
    """Pauses the music."""

    name = "pause"
    summary = "pause the music"


class Play(Command, frozen=True, tag="play"):
    """Goes on with the music."""

    name = "play"
    summary = "go on with the music that was paused or stopped"


class Volume(Command, frozen=True, tag="volume"):
    """Sets or changes the volume; without an argument, nothing changes."""

    name = "volume"
    summary = "set the volume, change it by N steps that sound equally large, or print it"
    word = "[N|+N|-N]"
    word_help = (
        "the volume in percent; or with + or - how many steps louder or quieter: a step is 5 percent above 40"
        " and less below"
    )
    sends = "`volume`, in percent"

    to: Annotated[int, Meta(ge=0, le=100, description="percent")] | None = None
    steps: Annotated[int, Meta(ge=-100, le=100, description="steps; negative is quieter")] | None = None

    @classmethod
    def arguments(cls, word: str) -> dict[str, str]:
        """`40` sets the volume; `+2` and `-2` change it by steps."""
        return {"steps": word.removeprefix("+")} if word[:1] in ("+", "-") else {"to": word}

    def __post_init__(self) -> None:
        """Refuse two arguments that contradict each other."""
        if self.to is not None and self.steps is not None:
            raise ValueError("give `to` or `steps`, not both")


class Tone(Command, frozen=True, tag="tone"):
    """Plays the test tone."""

    name = "tone"
    summary = "play a short tone, to hear whether the sound works; the music goes on where it was"
    reply_timeout_s = 12.0


class Like(Command, frozen=True, tag="like"):
    """Likes the song that plays."""

    name = "like"
    summary = "like the song that plays, for the box and for MPD's other clients"
    sends = SONG


class Never(Command, frozen=True, tag="never"):
    """Excludes the song that plays."""

    name = "never"
    summary = (
        "never choose the song that plays again, and go on to the next one, also while the music is paused;"
        " moodbox mood URI --unsay undoes it"
    )
    sends = f"{SONG}; `uri`"


class Camera(Command, frozen=True, tag="camera"):
    """Switches the camera off or on; without an argument, nothing changes."""

    name = "camera"
    summary = "switch the camera off, which a restart does not change, or on again, or print which it is"
    word = "[off|on]"
    word_help = "what to switch it to"
    sends = "`camera`: `off` or `on`"

    to: Literal["off", "on"] | None = None


class Was(Command, frozen=True, tag="was"):
    """Corrects the last look."""

    name = "was"
    summary = "say which mood was right at the last look: the music starts again, and the box learns"
    word = "MOOD"
    word_help = (
        f"a mood that the box's model tells: mood3, the default, happy, neutral and sad; mood7 {MOODS}"
    )
    sends = "`ok`, and `note` where nothing changes, with the reason"

    mood: Mood

    @classmethod
    def arguments(cls, word: str) -> dict[str, str]:
        """A mood, in whatever case."""
        return {"mood": word.casefold()}


class SetMood(Command, frozen=True, tag="set-mood"):
    """Chooses a mood by hand."""

    name = "set-mood"
    summary = "play for a mood that you choose, until the next press"
    word = "MOOD"
    word_help = MOODS

    mood: Mood

    @classmethod
    def arguments(cls, word: str) -> dict[str, str]:
        """A mood, in whatever case."""
        return {"mood": word.casefold()}


COMMANDS: tuple[type[Command], ...] = (
    Status, Subscribe, Press, Skip, Pause, Play, Volume, Tone, Like, Never, Was, SetMood, Camera,
    *TIMER_COMMANDS, *PAGE_COMMANDS, *ROOM_COMMANDS,
)  # fmt: skip
"""The table."""
NAMES = tuple(command.name for command in COMMANDS)
_ANY_COMMAND: Any = functools.reduce(operator.or_, COMMANDS)
_DECODER: msgspec.json.Decoder[Command] = msgspec.json.Decoder(_ANY_COMMAND)


class RequestError(ValueError):
    """A request that is not one of the table's: what is wrong, in one line."""


def parse_request(line: bytes) -> Command:
    """Read a request. Raises RequestError."""
    text = line.strip()
    try:
        if text.startswith(b"{"):
            return _DECODER.decode(text)
        return convert({"do": text.decode("ascii")})
    except UnicodeDecodeError as error:
        raise RequestError(_expected("the line is not UTF-8")) from error
    except msgspec.ValidationError as error:
        raise RequestError(_one_line(error)) from error
    except RecursionError as error:
        raise RequestError("not JSON: nested too deeply") from error
    except msgspec.DecodeError as error:
        raise RequestError(f"not JSON: {str(error)[:300]}") from error


def convert(content: dict[str, Any]) -> Command:
    """Make a command from its name in `do` and its arguments, which may be text. Raises RequestError."""
    if content.get("do") not in NAMES:
        raise RequestError(_expected(""))
    try:
        command: Command = msgspec.convert(content, _ANY_COMMAND, strict=False)
        return command
    except msgspec.ValidationError as error:
        raise RequestError(_one_line(error)) from error


def _expected(problem: str) -> str:
    return f"{problem}{'; ' if problem else ''}expected one of {', '.join(sorted(NAMES))}"


def _one_line(error: Exception) -> str:
    problem, _, place = str(error).partition(" - at `$.")
    if place.startswith("do"):  # an unknown name
        return _expected("")
    if place.startswith("mood`"):
        return f"mood: expected one of {', '.join(Mood)}"
    if match := re.fullmatch(r"Invalid enum value (.+)", problem):
        problem = f"{match[1]} is not known"
    return " ".join(f"{place.rstrip('`')}{': ' if place else ''}{in_plain_words(problem)}".split())[:300]


def encode(command: Command) -> bytes:
    """Return the line for a request: the bare name where it has no arguments."""
    content = {key: value for key, value in msgspec.to_builtins(command).items() if value is not None}
    return (command.name.encode() if content.keys() == {"do"} else msgspec.json.encode(content)) + b"\n"
