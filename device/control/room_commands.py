"""The requests between a box and its process `moodbox room`, which speaks to the boxes of other rooms.

They are part of the table in `device.control.protocol`, and not on the command line.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from device.control.command import Command
from device.mood import Mood

MAX_AGE_S = 60.0
Share = Annotated[float, Meta(ge=0, le=1)]


class RoomCommand(Command, frozen=True):
    """A request that the command line does not send."""

    on_command_line = False


class Looks(RoomCommand, frozen=True, tag="looks"):
    """What the presses in this room ask of the box that plays for it."""

    name = "looks"
    summary = (
        "of a box that plays along with another (`room.server`): what each press asks that other box for"
    )
    sends = (
        "`ok` at once, then a line for each press: `probabilities` of the moods (empty: nobody was seen) and"
        " `steer`, as in `room-look`"
    )
    goes_on = True


class RoomLook(RoomCommand, frozen=True, tag="room-look"):
    """What a press in another room asks for."""

    name = "room-look"
    summary = "do with the music what a press in another room asks for; what was pressed later counts"

    probabilities: Annotated[dict[Mood, Share], Meta(description="of each mood; empty: nobody was seen")]
    steer: Annotated[bool, Meta(description="let the song that plays go on, and change those after it")] = (
        False
    )
    age: Annotated[float, Meta(ge=0, le=MAX_AGE_S, description="seconds since then")] = 0.0


class RoomTrouble(RoomCommand, frozen=True, tag="room-trouble"):
    """What keeps the other room's box from hearing of the presses here."""

    name = "room-trouble"
    summary = "say what is wrong between the rooms; the box shows it as its trouble, until it is empty"

    problem: Annotated[str, Meta(max_length=200, description="in one line; empty: nothing")] = ""


ROOM_COMMANDS: tuple[type[Command], ...] = (Looks, RoomLook, RoomTrouble)
