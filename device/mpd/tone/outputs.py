"""Whether anything that MPD plays can be heard: it plays on without a word if none of its outputs sounds."""

from __future__ import annotations

from enum import StrEnum

import mpd

from device.mpd import responses

SILENT_PLUGIN = "null"
NO_SOUND_CARD = "no sound card"
"""What the demo calls an output that takes the place of a sound card."""


class Unheard(StrEnum):
    """Why nothing can be heard."""

    SWITCHED_OFF = (
        "all of MPD's outputs are switched off: `mpc outputs` lists them, `mpc enable NUMBER` switches one on"
    )
    NO_SOUND = (
        'the only output that MPD uses makes no sound (type "null"): give it an audio_output for the speaker,'
        " in the file that MPD was started with (on a Pi /etc/mpd.conf)"
    )
    NO_CARD = "the demo plays without sound, because it has found no sound card when it began"


def why_unheard(client: mpd.MPDClient) -> Unheard | None:
    """Say why nothing that MPD plays can be heard, as far as MPD's outputs are the reason."""
    used = [output for output in responses.outputs(client) if output.outputenabled]
    if not used:
        return Unheard.SWITCHED_OFF
    if any(output.plugin != SILENT_PLUGIN for output in used):
        return None
    return Unheard.NO_CARD if used[0].outputname == NO_SOUND_CARD else Unheard.NO_SOUND
