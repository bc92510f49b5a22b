"""MPD's volume in steps that sound about equally large.

MPD's volume is a percentage of its mixer's range, and a percent changes the loudness more where the volume is
low. The software mixer's amplitude is (exp(p / 25) - 1) / (exp(4) - 1), so a percent is 0.35 dB near 100 and
1 dB at 10. An ALSA mixer is mapped as in alsamixer, to 60 * log10(p / 100) dB: 0.26 dB and 2.6 dB. So the
levels lie closer together where the volume is low: from 10 up, a step is 0.8 to 3.3 dB on either mixer.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import mpd

from device.mpd import responses

LEVELS: tuple[int, ...] = (*range(15), *range(15, 25, 2), *range(25, 40, 3), *range(40, 101, 5))
MAX_ATTEMPTS = 10  # levels that are tried on a mixer whose own steps are larger than ours


def stepped(volume: int, steps: int, maximum: int = 100) -> int:
    """Return the volume so many levels above (or, negative, below) `volume`, from 0 to `maximum`."""
    if steps > 0:
        index = bisect_right(LEVELS, volume) + steps - 1
    elif steps < 0:
        index = bisect_left(LEVELS, volume) + steps
    else:
        return min(volume, maximum)
    level: int = LEVELS[max(0, min(index, len(LEVELS) - 1))]
    return min(level, maximum)


def change(client: mpd.MPDClient, steps: int, maximum: int) -> None:
    """Change MPD's volume by steps; nothing happens where MPD has no mixer.

    Raises:
        mpd.CommandError: MPD refuses.
        One of MPD_ERRORS: MPD does not answer.
    """
    before = responses.status(client).volume_percent
    if before is None or steps == 0:
        return
    direction = 1 if steps > 0 else -1
    for extra in range(MAX_ATTEMPTS):
        wanted = stepped(before, steps + direction * extra, maximum)
        if wanted == before:
            return
        client.setvol(wanted)
        if responses.status(client).volume_percent != before:  # a coarse mixer rounds a small step to none
            return
