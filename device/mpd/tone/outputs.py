"""Whether anything that MPD plays can be heard: it plays on without a word if none of its outputs sounds."""

from __future__ import annotations

from dataclasses import dataclass

from device.mpd import responses
from device.mpd.connection import Client

SILENT_PLUGIN = "null"
NO_SOUND_CARD = "no sound card"
"""What the demo calls an output that takes the place of a sound card."""


@dataclass(frozen=True)
class Unheard:
    """Why nothing can be heard.

    Attributes:
        reason: With what to do about it.
        may_be_meant: Whether somebody may have set MPD up like that on purpose.
    """

    reason: str
    may_be_meant: bool


NO_SOUND = Unheard(
    'the only output that MPD uses makes no sound (type "null"): give it an audio_output for the speaker,'
    " in the file that MPD was started with (on a Pi /etc/mpd.conf)",
    may_be_meant=True,
)
NO_CARD = Unheard(
    "the demo plays without sound, because it has found no sound card when it began", may_be_meant=True
)


def why_unheard(client: Client) -> Unheard | None:
    """Say why nothing that MPD plays can be heard, as far as MPD's outputs are the reason."""
    used = [output for output in responses.outputs(client) if output.outputenabled]
    if not used:
        return Unheard(
            f"all of MPD's outputs are switched off: `{client.mpc('outputs')}` lists them, "
            f"`{client.mpc('enable NUMBER')}` switches one on",
            may_be_meant=False,
        )
    if any(output.plugin != SILENT_PLUGIN for output in used):
        return None
    return NO_CARD if used[0].outputname == NO_SOUND_CARD else NO_SOUND
