"""The requests of programs that show the box to people, such as the page of `moodbox window`.

They are part of the table in `device.control.protocol`, and not on the command line.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from device.control.command import Command

Share = Annotated[float, Meta(ge=0, le=1)]
Uri = Annotated[str, Meta(min_length=1, description="of a song in MPD's library")]

Scalar = bool | int | float | str
Items = list[Scalar | list[Scalar | list[Scalar]]]
Value = Scalar | Items | dict[str, Scalar | Items] | None
"""What a setting can be; no deeper than the schema of the settings."""


class PageCommand(Command, frozen=True):
    """A request that the command line does not send."""

    on_command_line = False


class Queue(PageCommand, frozen=True, tag="queue"):
    """What plays, and what comes next."""

    name = "queue"
    summary = "the song that plays, and at most ten that are queued after it, whoever has queued them"
    sends = (
        "`playing` (`artist`, `title`, `uri`, `elapsed`, `duration`, or null), `next` (a list with `why` and"
        " `reasons`: see below)"
    )


class Library(PageCommand, frozen=True, tag="library"):
    """Where the library's songs lie, some hundred at a time."""

    name = "library"
    summary = "at most 200 songs of the library; ask again with `after` for those that follow"
    sends = (
        "`songs` (`uri`, `artist`, `genre`, `valence`, `energy`, `sure`, `source`, `left_out`, `never`),"
        " `next`: the last of them, or null if none follows"
    )

    after: Uri | None = None


class Refused(PageCommand, frozen=True, tag="refused"):
    """Which songs MPD has refused."""

    name = "refused"
    summary = (
        "the songs that MPD has refused to queue and that are set aside, until its library or playlists"
        " change, or for ten minutes"
    )
    sends = "`uris`"


class Song(PageCommand, frozen=True, tag="song"):
    """What is known of one song."""

    name = "song"
    summary = "what is known of one song of the library"
    sends = "`song`: as in `library`, with its `title`"

    uri: Uri


class Titles(PageCommand, frozen=True, tag="titles"):
    """What some songs are called."""

    name = "titles"
    summary = "the titles of some songs of the library, as MPD knows them"
    sends = "`titles`: by URI; songs without a title are left out"
    reply_timeout_s = 5.0

    uris: Annotated[list[Uri], Meta(min_length=1, max_length=40, description="of songs in MPD's library")]


class Playlists(PageCommand, frozen=True, tag="playlists"):
    """The playlists that MPD has stored."""

    name = "playlists"
    summary = "MPD's stored playlists; the box plays from one that has a mood's name"
    sends = (
        "`playlists`: a list of `name`, `mood` (or null) and `songs` (how many, or null where there are many"
        " playlists), those of a mood first, at most 200"
    )
    reply_timeout_s = 5.0


class SetAffect(PageCommand, frozen=True, tag="set-affect"):
    """Says where a song belongs."""

    name = "set-affect"
    summary = "say where a song belongs, as `moodbox mood` does; without numbers, take that back, and `never`"

    uri: Uri
    valence: Share | None = None
    energy: Share | None = None

    def __post_init__(self) -> None:
        """Refuse one number without the other."""
        if (self.valence is None) != (self.energy is None):
            raise ValueError("give `valence` and `energy`, or none of them")


class Settings(PageCommand, frozen=True, tag="settings"):
    """Every setting."""

    name = "settings"
    summary = "every key of the settings, with its meaning; `moodbox check` says what is wrong with them"
    sends = (
        "`settings`: a list of `key`, `value` (after a restart), `default`, `meaning`, `kind` (`bool`,"
        " `int`, `float`, `text`, `choices`, `list`, `table`), `choices`, `least`, `most` (or null),"
        " `restart` (whether it takes effect only after one), `source` (`default`, `file`, `page`),"
        " `fixed`: why it cannot be set here, or null"
    )


class Set(PageCommand, frozen=True, tag="set"):
    """Changes a setting."""

    name = "set"
    summary = (
        "set a key, in a file of the box's own that overrides /etc/moodbox/moodbox.toml; without a value,"
        " that file's counts again; `restart` in `settings` says which take effect at once"
    )

    key: Annotated[str, Meta(max_length=100, description="such as `music.style`")]
    value: Annotated[Value, Meta(description="as in TOML")] = None


PICTURE_ALLOWED_S = 300.0
"""How long the camera's picture may be seen after a press has allowed it."""


class Allow(PageCommand, frozen=True, tag="allow"):
    """Asks whoever stands at the box."""

    name = "allow"
    summary = (
        "ask somebody at the box to press its button, which then starts no look: to pair a browser, or to"
        " let the camera's picture be seen for five minutes"
    )
    sends = "`ok` once it was pressed; an error after 30 s without a press"
    reply_timeout_s = 35.0

    what: Literal["pair", "aim"]


class Pair(Command, frozen=True, tag="pair"):
    """Says yes in place of the button."""

    name = "pair"
    summary = "say yes to what the box's page asks, in place of its button; on a Pi with sudo"
    owner_only = True


class Frames(PageCommand, frozen=True, tag="frames"):
    """The live picture."""

    name = "frames"
    summary = "the live picture, after `allow` with `aim`, until it is closed"
    sends = (
        "a line for each frame: `jpeg` (base64, or null), `width`, `height`, `face` (x, y, width, height in"
        " the JPEG), `probabilities`, `mood` (or null), `hints` (what to change), `turn` (degrees"
        " clockwise by which the frame is to be turned, or null), `left_s`; at last an error"
    )
    goes_on = True


class StopFrames(PageCommand, frozen=True, tag="stop-frames"):
    """Closes the live picture."""

    name = "stop-frames"
    summary = "close the live picture, for everybody"


class HealthReport(PageCommand, frozen=True, tag="health"):
    """How the box is."""

    name = "health"
    summary = "how the parts are, as far as the running box knows it; nothing is tried for it"
    sends = (
        "`parts` (`part`, `well`, `what`, as in `moodbox check --json`), `temperature` in degrees Celsius or"
        " null, `memory` (`rss_mb` of the box, `free_mb` of the machine), `version`, `since`"
    )


class Restart(PageCommand, frozen=True, tag="restart"):
    """Ends the box, which systemd starts again."""

    name = "restart"
    summary = "end the box, so that systemd starts it again; not in its first two minutes"


class Learned(PageCommand, frozen=True, tag="learned"):
    """What was learned."""

    name = "learned"
    summary = "what was learned from songs that were played through or skipped, and from corrections"
    sends = (
        "`songs` (how many), `heard` and `skipped` (how often), `genres` (a list of `mood`, `genre`, `heard`"
        " and `skipped`, the most counted first, at most 60), `moods`: by what the probability of each mood"
        " is multiplied"
    )


class Forget(PageCommand, frozen=True, tag="forget"):
    """Forgets what was learned."""

    name = "forget"
    summary = "forget what was learned, as `moodbox forget` does"


PAGE_COMMANDS: tuple[type[Command], ...] = (
    Queue,
    Library,
    Refused,
    Song,
    Titles,
    Playlists,
    SetAffect,
    Settings,
    Set,
    Allow,
    Pair,
    Frames,
    StopFrames,
    HealthReport,
    Restart,
    Learned,
    Forget,
)
