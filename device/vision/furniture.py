"""Learns which faces are furniture: a poster or a photograph that is in view of the camera all day.

A face becomes furniture if it was in the same place, of the same size, in most looks of at least a day. A
person who always sits in the same chair does not: nobody holds their head within a tenth of its width in
eight looks of different hours. Only the location, the times and the counts are kept, never a picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from device.mood import Face

TOLERANCE = 0.1  # of the face's width: how far its middle and its width may be from those of the first look
COUNTING_INTERVAL_S = 3600.0  # looks count at most once an hour, so that many in one evening are not a day
MIN_SPAN_S = 24 * 3600.0  # from the first such look to the last, until a location is furniture, or forgotten
MIN_LOOKS = 8  # that must have seen it, or missed it
MAX_EXCESS = 3  # by how many more looks another face may have been seen, until a location is dropped
MAX_LOCATIONS = 8  # that are remembered and not yet furniture


@dataclass(frozen=True)
class Box:
    """A face's location in a frame of any size: its middle and its width, as shares of the frame's width."""

    x: float
    y: float
    width: float

    def is_at(self, other: Box) -> bool:
        """Whether this is the same face as `other`, if that one has not moved."""
        reach = TOLERANCE * other.width
        pairs = ((self.x, other.x), (self.y, other.y), (self.width, other.width))
        return all(abs(here - there) <= reach for here, there in pairs)


@dataclass(frozen=True)
class FaceLocation:
    """Where a face was seen.

    Attributes:
        box: Of the first look; a face that moves slowly leaves it.
        first: When it was seen first, in seconds since the epoch.
        last: When it was last seen in a look that counts.
        counted: When a look last counted for or against it.
        seen: How many looks have seen it.
        missed: How many have seen another face instead; once it is furniture, how many have seen no face.
        is_furniture: Whether it is no longer taken for a person.
    """

    box: Box
    first: float
    last: float
    counted: float
    seen: int = 1
    missed: int = 0
    is_furniture: bool = False


FaceLocations = tuple[FaceLocation, ...]


def box_of(face: Face, frame_width: int) -> Box:
    """The location of a face in a frame of this width."""
    middle = (face.x + face.width / 2, face.y + face.height / 2)
    return Box(middle[0] / frame_width, middle[1] / frame_width, face.width / frame_width)


def after_look(
    locations: FaceLocations, person: Box | None, furniture: Iterable[Box], now: float
) -> FaceLocations:
    """What is known of the locations after one more look.

    Args:
        locations: What was known before.
        person: The face that was taken for a person's, if there was one.
        furniture: The locations of furniture that were seen.
        now: Seconds since the epoch.
    """
    seen = [*furniture, *([person] if person else [])]
    after = [_after_look(location, seen, person, now) for location in locations]
    if person and not any(person.is_at(location.box) for location in locations):
        after.append(FaceLocation(person, now, now, now))
    kept = [location for location in after if location.is_furniture and not _is_gone(location, now)]
    candidates = [p for p in after if not p.is_furniture and p.missed <= p.seen + MAX_EXCESS]
    candidates.sort(key=lambda location: (location.seen, location.last), reverse=True)
    return (*kept, *candidates[:MAX_LOCATIONS])


def _after_look(location: FaceLocation, seen: list[Box], person: Box | None, now: float) -> FaceLocation:
    if now < location.counted:  # the clock was set back
        return replace(location, first=now, last=now, counted=now, seen=1, missed=0)
    if now - location.counted < COUNTING_INTERVAL_S:
        return location
    if any(box.is_at(location.box) for box in seen):
        location = replace(location, last=now, counted=now, seen=location.seen + 1)
        if location.is_furniture:
            return replace(location, missed=0)
        is_furniture = (
            location.seen >= MIN_LOOKS
            and location.missed < location.seen
            and now - location.first >= MIN_SPAN_S
        )
        return replace(location, is_furniture=is_furniture, missed=0 if is_furniture else location.missed)
    if (person is None) is location.is_furniture:
        return replace(location, counted=now, missed=location.missed + 1)
    return location


def _is_gone(location: FaceLocation, now: float) -> bool:
    return location.missed >= MIN_LOOKS and now - location.last >= MIN_SPAN_S
