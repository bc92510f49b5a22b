"""What a figure on PrivateTest is worth: who agrees with its labels, and what Training has too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from converter.data.dataset import Split
from converter.data.near_duplicates import twins
from device.mood import Mood

# What the models that ship know.
ASKED = (tuple(Mood), (Mood.HAPPY, Mood.NEUTRAL, Mood.SAD))


@dataclass(frozen=True)
class Limits:
    """How many faces of a split, of `moods` alone.

    FER+'s ten people are held to `moods`, as a model is that knows no others; a single vote counts for
    nothing. agreed: more of them saw what the label says than any other mood. torn: as many saw another
    mood, and none was seen by more. The rest was seen otherwise, or has no votes.
    voted: those with votes. by_card: those of them labelled as most voted, the first mood where two have as
    many; so a card (`ferplus`) holds its model against FER+.
    repeated: those whose photograph stands in Training too. same: those of them with the same label there.
    """

    split: str
    moods: tuple[Mood, ...]
    faces: int
    agreed: int
    torn: int
    voted: int
    by_card: int
    repeated: int
    same: int

    def report(self) -> str:
        """For people: a line for each that a figure is to be held against."""
        agreed, torn = self.agreed / self.faces, self.torn / self.faces
        text = (
            f"{self.split}, {self.faces} faces: {', '.join(self.moods)}\n"
            f"{agreed:.1%} of the labels are what most of FER+'s ten saw, "
            f"another {torn:.1%} what as many saw as another mood\n"
        )
        if self.voted:
            text += (
                f"{self.by_card / self.voted:.1%} as a card counts: of the {self.voted} with votes, "
                "the first mood where two have as many\n"
            )
        text += f"{self.repeated} of the photographs stand in Training too"
        if self.repeated:
            text += f", {self.same / self.repeated:.1%} of these with the same label"
        return text


def measure(test: Split, training: Split, moods: Sequence[Mood]) -> Limits:
    """The limits of the faces of `moods` in `test`, which has votes.

    training: with all the moods there are, since the same photograph may be labelled as any of them.
    """
    faces = test.held_to(moods)
    assert faces.votes is not None
    most = faces.votes.max(axis=1, keepdims=True)
    favoured = (faces.votes == most) & (most > 0)
    favourite = favoured[np.arange(len(faces)), faces.labels]
    alone = favoured.sum(axis=1) == 1
    voted = faces.by_votes()
    twin = twins(faces.images, training.images)
    label_in_training = np.array([training.moods.index(mood) for mood in moods])[faces.labels]
    return Limits(
        split=test.name,
        moods=tuple(moods),
        faces=len(faces),
        agreed=int(np.sum(favourite & alone)),
        torn=int(np.sum(favourite & ~alone)),
        voted=len(voted),
        by_card=int(np.sum(voted.labels == faces.labels[faces.votes.any(axis=1)])),
        repeated=int(np.sum(twin >= 0)),
        same=int(np.sum((twin >= 0) & (training.labels[twin] == label_in_training))),
    )
