"""Measures how reliable PrivateTest's labels are, and how many of its photographs Training contains as well.

Both limit what a score on PrivateTest can mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from converter.data.dataset import Split
from converter.data.near_duplicates import near_duplicate_of
from device.mood import Mood

# Those of the models that ship.
MOOD_SETS = (tuple(Mood), (Mood.HAPPY, Mood.NEUTRAL, Mood.SAD))


@dataclass(frozen=True)
class LabelQuality:
    """Counts of faces of a split, restricted to `moods`.

    Only votes for `moods` count, as for a model that knows no others; a single vote for a mood is dropped.

    Attributes:
        split: its name.
        moods: the classes.
        faces: how many there are.
        most_votes: label got more votes than every other mood.
        tied: label got as many votes as another mood, and none got more.
        with_votes: faces that have votes.
        match_votes: of these, the ones labelled with the mood that got most votes; the first mood of those
            with equally many. The model card's `ferplus` counts like this.
        duplicates: faces with a near duplicate in Training.
        same_label: of these, the ones whose near duplicate has the same label.
    """

    split: str
    moods: tuple[Mood, ...]
    faces: int
    most_votes: int
    tied: int
    with_votes: int
    match_votes: int
    duplicates: int
    same_label: int

    def report(self) -> str:
        """Format the counts for people, as shares."""
        most, tied = self.most_votes / self.faces, self.tied / self.faces
        text = (
            f"{self.split}, {self.faces} faces: {', '.join(self.moods)}\n"
            f"{100 * most:.1f} % of the labels got the most votes in FER+, "
            f"another {100 * tied:.1f} % are tied with another mood\n"
        )
        if self.with_votes:
            text += (
                f"{100 * self.match_votes / self.with_votes:.1f} % of the {self.with_votes} faces with votes "
                "are labelled with the mood that got most (the first one in a tie)\n"
            )
        text += f"{self.duplicates} of the photographs are in Training too"
        if self.duplicates:
            text += f", {100 * self.same_label / self.duplicates:.1f} % of these with the same label"
        return text


def measure(test: Split, training: Split, moods: Sequence[Mood]) -> LabelQuality:
    """Measure the quality of the labels of `test`.

    Args:
        test: with votes.
        training: with all moods, since a near duplicate may be labelled with any of them.
        moods: what to restrict `test` to.
    """
    faces = test.restrict_to(moods)
    assert faces.votes is not None
    most = faces.votes.max(axis=1, keepdims=True)
    is_favourite = (faces.votes == most) & (most > 0)
    label_is_favourite = is_favourite[np.arange(len(faces)), faces.labels]
    single_favourite = is_favourite.sum(axis=1) == 1
    voted = faces.labelled_by_votes()
    duplicate = near_duplicate_of(faces.images, training.images)
    label_in_training = np.array([training.moods.index(mood) for mood in moods])[faces.labels]
    same_label = (duplicate >= 0) & (training.labels[duplicate] == label_in_training)
    return LabelQuality(
        split=test.name,
        moods=tuple(moods),
        faces=len(faces),
        most_votes=int(np.sum(label_is_favourite & single_favourite)),
        tied=int(np.sum(label_is_favourite & ~single_favourite)),
        with_votes=len(voted),
        match_votes=int(np.sum(voted.labels == faces.labels[faces.votes.any(axis=1)])),
        duplicates=int(np.sum(duplicate >= 0)),
        same_label=int(np.sum(same_label)),
    )
