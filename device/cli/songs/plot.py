"""`moodbox songs --plot`: draws the library in the plane of valence and energy, and the planned trajectory.

The picture is SVG, which every browser shows, and which needs no library to write.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from device.config.settings import Colour, Music, Panel, default_courses
from device.library.table import SOURCES, SongTable
from device.library.tag_affect import Source
from device.mood import Mood
from device.mood_estimate import MoodEstimate
from device.mpd.titles import song_name
from device.recommend.ranking import RankedSong
from device.recommend.trajectory import Point, Trajectory

# Pixels; the list of songs stands to the right of the plane.
PLANE_SIZE, MARGIN, LIST_WIDTH = 640, 56, 380
BACKGROUND, GRID, UNKNOWN_COLOUR, TEXT_COLOUR = "#101217", "#2a2e38", "#6b7280", "#e5e7eb"
PALENESS = 0.25
MAX_NAME_LENGTH = 44  # characters
STYLE = f"""
text {{ font: 13px system-ui, sans-serif; fill: {TEXT_COLOUR}; }}
.small {{ font-size: 11px; fill: #9ca3af; }}
.large {{ font-size: 18px; }}
.number {{ font-size: 10px; font-weight: bold; fill: #fff; text-anchor: middle; }}
.number {{ stroke: {BACKGROUND}; stroke-width: 2.5px; paint-order: stroke; }}
.name {{ text-anchor: middle; stroke: {BACKGROUND}; stroke-width: 3px; paint-order: stroke; }}
.song {{ fill: none; stroke-linecap: round; }}
"""


def draw(
    table: SongTable,
    estimate: MoodEstimate,
    trajectory: Trajectory,
    choices: Sequence[RankedSong],
    titles: Mapping[str, str],
    music: Music,
    panel: Panel,
) -> str:
    """Return the SVG picture. Each song is a dot in the colour of the mood that starts nearest to it.

    `titles` are those of songs that have one, by URI.
    """
    colours = _light_colours(estimate.mood, panel)
    starts = {each: Point(*(music.courses.get(each) or default_courses()[each])[0]) for each in colours}
    width, height = PLANE_SIZE + 3 * MARGIN + LIST_WIDTH, PLANE_SIZE + 2 * MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
            f"<style>{STYLE}</style>",
            "<defs>",
            *(_glow(each, colour) for each, colour in colours.items()),
            "</defs>",
            f'<rect width="{width}" height="{height}" fill="{BACKGROUND}"/>',
            *_axes(),
            *_start_glows(starts),
            *_songs(table, starts, colours),
            *_mood_names(starts),
            *_trajectory(trajectory, choices, colours[estimate.mood]),
            *_list(
                f"{estimate}: {len(choices)} of {len(table)} songs", choices, titles, colours[estimate.mood]
            ),
            "</svg>\n",
        ]
    )


def _light_colours(mood: Mood, panel: Panel) -> Mapping[Mood, str]:
    """Return the light colours of the moods that this panel can show, and of the mood of the plan."""
    displayed = panel.leds if panel.kind == "leds" else panel.colours
    return {
        each: _hex(panel.colours.get(each, (1.0, 1.0, 1.0))) for each in Mood if each in {*displayed, mood}
    }


def _hex(colour: Colour) -> str:
    """Return the colour for SVG, paler than the light's: on a dark page a pixel looks darker than a light."""
    return "#" + "".join(f"{round(255 * (PALENESS + (1 - PALENESS) * share)):02x}" for share in colour)


def _pixel(valence: float, energy: float) -> tuple[int, int]:
    return round(MARGIN + PLANE_SIZE * valence), round(MARGIN + PLANE_SIZE * (1 - energy))


def _glow(mood: Mood, colour: str) -> str:
    stops = "".join(
        f'<stop offset="{at}" stop-color="{colour}" stop-opacity="{light}"/>'
        for at, light in ((0, 0.5), (0.4, 0.16), (1, 0))
    )
    return f'<radialGradient id="{mood}">{stops}</radialGradient>'


def _axes() -> Iterable[str]:
    for quarter in range(5):
        x, y = _pixel(quarter / 4, quarter / 4)
        yield f'<path d="M{x} {MARGIN}v{PLANE_SIZE}M{MARGIN} {y}h{PLANE_SIZE}" stroke="{GRID}"/>'
    below, middle = MARGIN + PLANE_SIZE + 24, MARGIN + PLANE_SIZE // 2
    yield f'<text class="small" x="{MARGIN}" y="{below}">dark</text>'
    yield f'<text class="small" x="{MARGIN + PLANE_SIZE}" y="{below}" text-anchor="end">bright</text>'
    yield f'<text x="{middle}" y="{below}" text-anchor="middle">valence</text>'
    turned = f'transform="translate({MARGIN - 18} {MARGIN + PLANE_SIZE}) rotate(-90)"'
    yield f'<text class="small" {turned}>calm</text>'
    yield f'<text {turned} x="{PLANE_SIZE // 2}" text-anchor="middle">energy</text>'
    yield f'<text class="small" {turned} x="{PLANE_SIZE}" text-anchor="end">energetic</text>'


def _start_glows(starts: Mapping[Mood, Point]) -> Iterable[str]:
    """Draw a glow where the trajectory of each mood starts."""
    for mood, start in starts.items():
        x, y = _pixel(*start)
        yield f'<circle cx="{x}" cy="{y}" r="90" fill="url(#{mood})"/>'


def _mood_names(starts: Mapping[Mood, Point]) -> Iterable[str]:
    for mood, start in starts.items():
        x, y = _pixel(*start)
        yield f'<text class="name" x="{x}" y="{y - 62}">{mood}</text>'


def _songs(table: SongTable, starts: Mapping[Mood, Point], colours: Mapping[Mood, str]) -> Iterable[str]:
    """Draw one path per colour, because tens of thousands of circles would be too slow in a browser."""
    width = round(max(2.0, 7 - 1.1 * math.log10(len(table))), 1)
    known = table.source != SOURCES.index(Source.NOTHING)
    yield _dots(table.affects[~known], UNKNOWN_COLOUR, width)
    distances = np.array([np.square(table.affects - np.array(start)).sum(1) for start in starts.values()])
    nearest = distances.argmin(0)
    for number, mood in enumerate(starts):
        yield _dots(table.affects[known & (nearest == number)], colours[mood], width)


def _dots(affects: NDArray[np.float32], colour: str, width: float) -> str:
    pixels = dict.fromkeys(_pixel(valence, energy) for valence, energy in affects.tolist())
    path = "".join(f"M{x} {y}h0" for x, y in pixels)
    return f'<path class="song" stroke="{colour}" stroke-width="{width}" d="{path}"/>'


def _trajectory(trajectory: Trajectory, choices: Sequence[RankedSong], colour: str) -> Iterable[str]:
    """Draw the trajectory as a wide line, and the chosen songs along a thin line, in their order."""
    (x, y), (to_x, to_y) = _pixel(*trajectory.start), _pixel(*trajectory.end)
    yield (
        f'<path d="M{x} {y}L{to_x} {to_y}" stroke="{colour}" stroke-width="12" stroke-opacity="0.5"'
        ' stroke-linecap="round"/>'
    )
    pixels = [_pixel(choice.affect.valence, choice.affect.energy) for choice in choices]
    line = "L".join(f"{x} {y}" for x, y in pixels)
    yield f'<path d="M{line}" fill="none" stroke="{TEXT_COLOUR}" stroke-width="1.2" stroke-opacity="0.8"/>'
    for number, (choice, (x, y)) in reversed(list(enumerate(zip(choices, pixels, strict=True), start=1))):
        yield (
            f'<g><title>{_text(choice.uri)}: {_text(choice.why())}</title><circle cx="{x}" cy="{y}" r="9"'
            f' fill="{colour}" stroke="{TEXT_COLOUR}"/>'
            f'<text class="number" x="{x}" y="{y + 3.5}">{number}</text></g>'
        )


def _list(
    heading: str, choices: Sequence[RankedSong], titles: Mapping[str, str], colour: str
) -> Iterable[str]:
    left = PLANE_SIZE + 2 * MARGIN
    yield f'<circle cx="{left + 8}" cy="{MARGIN + 8}" r="8" fill="{colour}"/>'
    yield f'<text class="large" x="{left + 26}" y="{MARGIN + 14}">{heading}</text>'
    for number, choice in enumerate(choices, start=1):
        y = MARGIN + 14 + 46 * number
        title, file = titles.get(choice.uri), PurePath(choice.uri).name
        name = song_name(choice.artist, title, file) if title else file
        short = name if len(name) <= MAX_NAME_LENGTH else name[: MAX_NAME_LENGTH - 1] + "…"
        affect = f"{choice.affect.source} {choice.genre}".rstrip()
        yield f'<text x="{left + 18}" y="{y}" text-anchor="end">{number}</text>'
        yield f'<text x="{left + 26}" y="{y}">{_text(short)}</text>'
        position = f"{choice.affect.valence:.2f}/{choice.affect.energy:.2f}"
        yield f'<text class="small" x="{left + 26}" y="{y + 15}">{_text(affect)} at {position}</text>'


def _text(text: str) -> str:
    """Escape a text for XML, without the control characters that XML forbids."""
    return escape("".join(letter if letter.isprintable() else "\ufffd" for letter in text))
