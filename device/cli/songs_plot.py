"""`moodbox songs --plot`: the library in the plane of valence and energy, and the way planned through it.

SVG, written plainly: any browser shows it, and the box needs nothing for it.
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
from device.recommend.ranking import RankedSong
from device.recommend.trajectory import Point, Trajectory

SIDE, EDGE, LIST = 640, 56, 380  # pixels: the plane, what is around it, the list of songs beside it
NIGHT, LINES, GREY, INK = "#101217", "#2a2e38", "#6b7280", "#e5e7eb"
PALE = 0.25
NAME = 44  # characters of a song's name
STYLE = f"""
text {{ font: 13px system-ui, sans-serif; fill: {INK}; }}
.small {{ font-size: 11px; fill: #9ca3af; }}
.large {{ font-size: 18px; }}
.number {{ font-size: 10px; font-weight: bold; fill: #fff; text-anchor: middle; }}
.number {{ stroke: {NIGHT}; stroke-width: 2.5px; paint-order: stroke; }}
.name {{ text-anchor: middle; stroke: {NIGHT}; stroke-width: 3px; paint-order: stroke; }}
.song {{ fill: none; stroke-linecap: round; }}
"""


def draw(
    table: SongTable,
    mood: Mood,
    trajectory: Trajectory,
    choices: Sequence[RankedSong],
    music: Music,
    panel: Panel,
) -> str:
    """The whole picture. Each song is a dot in the colour of the light whose mood's music is nearest."""
    lights = _lights(mood, panel)
    homes = {each: Point(*(music.courses.get(each) or default_courses()[each])[0]) for each in lights}
    width, height = SIDE + 3 * EDGE + LIST, SIDE + 2 * EDGE
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
            f"<style>{STYLE}</style>",
            "<defs>",
            *(_glow(each, colour) for each, colour in lights.items()),
            "</defs>",
            f'<rect width="{width}" height="{height}" fill="{NIGHT}"/>',
            *_axes(),
            *_homes(homes),
            *_songs(table, homes, lights),
            *_names(homes),
            *_course(trajectory, choices, lights[mood]),
            *_list(mood, len(table), choices, lights[mood]),
            "</svg>\n",
        ]
    )


def _lights(mood: Mood, panel: Panel) -> Mapping[Mood, str]:
    """The moods that this panel can show, and the one that is asked for."""
    shown = panel.leds if panel.kind == "leds" else panel.colours
    return {each: _hex(panel.colours.get(each, (1.0, 1.0, 1.0))) for each in Mood if each in {*shown, mood}}


def _hex(colour: Colour) -> str:
    """A little paler: a light shines, a pixel of its colour on a dark page does not."""
    return "#" + "".join(f"{round(255 * (PALE + (1 - PALE) * share)):02x}" for share in colour)


def _spot(valence: float, energy: float) -> tuple[int, int]:
    return round(EDGE + SIDE * valence), round(EDGE + SIDE * (1 - energy))


def _glow(mood: Mood, colour: str) -> str:
    stops = "".join(
        f'<stop offset="{at}" stop-color="{colour}" stop-opacity="{light}"/>'
        for at, light in ((0, 0.5), (0.4, 0.16), (1, 0))
    )
    return f'<radialGradient id="{mood}">{stops}</radialGradient>'


def _axes() -> Iterable[str]:
    for quarter in range(5):
        x, y = _spot(quarter / 4, quarter / 4)
        yield f'<path d="M{x} {EDGE}v{SIDE}M{EDGE} {y}h{SIDE}" stroke="{LINES}"/>'
    below, middle = EDGE + SIDE + 24, EDGE + SIDE // 2
    yield f'<text class="small" x="{EDGE}" y="{below}">dark</text>'
    yield f'<text class="small" x="{EDGE + SIDE}" y="{below}" text-anchor="end">bright</text>'
    yield f'<text x="{middle}" y="{below}" text-anchor="middle">valence</text>'
    yield f'<text class="small" x="{EDGE - 10}" y="{EDGE + SIDE}" text-anchor="end">still</text>'
    yield f'<text class="small" x="{EDGE - 10}" y="{EDGE + 10}" text-anchor="end">wild</text>'
    yield f'<text transform="translate({EDGE - 18} {middle}) rotate(-90)" text-anchor="middle">energy</text>'


def _homes(homes: Mapping[Mood, Point]) -> Iterable[str]:
    """Where each mood's music begins, as its light."""
    for mood, home in homes.items():
        x, y = _spot(*home)
        yield f'<circle cx="{x}" cy="{y}" r="90" fill="url(#{mood})"/>'


def _names(homes: Mapping[Mood, Point]) -> Iterable[str]:
    for mood, home in homes.items():
        x, y = _spot(*home)
        yield f'<text class="name" x="{x}" y="{y - 62}">{mood}</text>'


def _songs(table: SongTable, homes: Mapping[Mood, Point], lights: Mapping[Mood, str]) -> Iterable[str]:
    """One path for each colour: tens of thousands of circles would be too much for a browser."""
    width = round(max(2.0, 7 - 1.1 * math.log10(len(table))), 1)
    known = table.source != SOURCES.index(Source.NOTHING)
    yield _dots(table.affects[~known], GREY, width)
    far = np.array([np.square(table.affects - np.array(home)).sum(1) for home in homes.values()])
    nearest = far.argmin(0)
    for number, mood in enumerate(homes):
        yield _dots(table.affects[known & (nearest == number)], lights[mood], width)


def _dots(affects: NDArray[np.float32], colour: str, width: float) -> str:
    spots = dict.fromkeys(_spot(valence, energy) for valence, energy in affects.tolist())
    path = "".join(f"M{x} {y}h0" for x, y in spots)
    return f'<path class="song" stroke="{colour}" stroke-width="{width}" d="{path}"/>'


def _course(trajectory: Trajectory, choices: Sequence[RankedSong], colour: str) -> Iterable[str]:
    """Dashed: as it was meant. The line: the songs that come nearest to it, in their order."""
    (x, y), (to_x, to_y) = _spot(*trajectory.start), _spot(*trajectory.end)
    yield (
        f'<path d="M{x} {y}L{to_x} {to_y}" stroke="{colour}" stroke-width="12" stroke-opacity="0.5"'
        ' stroke-linecap="round"/>'
    )
    spots = [_spot(choice.affect.valence, choice.affect.energy) for choice in choices]
    line = "L".join(f"{x} {y}" for x, y in spots)
    yield f'<path d="M{line}" fill="none" stroke="{INK}" stroke-width="1.2" stroke-opacity="0.8"/>'
    for number, (choice, (x, y)) in reversed(list(enumerate(zip(choices, spots, strict=True), start=1))):
        yield (
            f'<g><title>{_text(choice.uri)}: {_text(choice.why())}</title><circle cx="{x}" cy="{y}" r="9"'
            f' fill="{colour}" stroke="{INK}"/><text class="number" x="{x}" y="{y + 3.5}">{number}</text></g>'
        )


def _list(mood: Mood, known: int, choices: Sequence[RankedSong], colour: str) -> Iterable[str]:
    left = SIDE + 2 * EDGE
    yield f'<circle cx="{left + 8}" cy="{EDGE + 8}" r="8" fill="{colour}"/>'
    title = f"{mood}: {len(choices)} of {known} songs"
    yield f'<text class="large" x="{left + 26}" y="{EDGE + 14}">{title}</text>'
    for number, choice in enumerate(choices, start=1):
        y = EDGE + 14 + 46 * number
        name = PurePath(choice.uri).name
        short = name if len(name) <= NAME else name[: NAME - 1] + "…"
        affect = f"{choice.affect.source} {choice.genre}".rstrip()
        yield f'<text x="{left + 18}" y="{y}" text-anchor="end">{number}</text>'
        yield f'<text x="{left + 26}" y="{y}">{_text(short)}</text>'
        spot = f"{choice.affect.valence:.2f}/{choice.affect.energy:.2f}"
        yield f'<text class="small" x="{left + 26}" y="{y + 15}">{_text(affect)} at {spot}</text>'


def _text(words: str) -> str:
    """A file's name may hold what no XML may."""
    return escape("".join(letter if letter.isprintable() else "\ufffd" for letter in words))
