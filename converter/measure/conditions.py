"""Measures the whole path from frame to decision on photos, under each condition that a camera may meet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.measure import statistics
from converter.measure.bootstrap import Estimate, Weights, estimate
from converter.measure.photos import Photo, person_numbers
from converter.measure.scenes import scenes
from device.config import settings
from device.mood import Decision, Mood
from device.vision.observation import FaceAnalyzer, Observation

NOT_FOUND = -1  # instead of a mood's index


@dataclass(frozen=True)
class Figures:
    """Scores as shares of photos, with standard errors by bootstrap over people.

    A face that was not found counts as wrong, and is not named.

    Attributes:
        photos: how many there are.
        people: how many different people they show.
        not_found: share without a face.
        in_place: share with a face that is where it was placed, and about as large.
        balanced_accuracy: mean recall.
        recall: of each mood.
        coverage: share that got a mood and not `unsure`.
        precision: share of these that got the true mood.
        coverage_at: by precision, the share that the best threshold for it would name.
    """

    photos: int
    people: int
    not_found: Estimate
    in_place: Estimate
    balanced_accuracy: Estimate
    recall: Mapping[Mood, Estimate]
    coverage: Estimate
    precision: Estimate
    coverage_at: Mapping[str, Estimate]

    def as_dict(self) -> dict[str, Any]:
        """Return the scores under the keys of `conditions --json`."""
        figures = {
            "lost": self.not_found,
            "in_place": self.in_place,
            "balanced_accuracy": self.balanced_accuracy,
            "named": self.coverage,
            "right": self.precision,
            **self.coverage_at,
        }
        return {
            "photos": self.photos,
            "people": self.people,
            **{name: figure.value for name, figure in figures.items()},
            "recall": {str(mood): figure.value for mood, figure in self.recall.items()},
            "errors": {name: figure.error for name, figure in figures.items()}
            | {"recall": {str(mood): figure.error for mood, figure in self.recall.items()}},
        }


@dataclass(frozen=True)
class Result:
    """Scores under one condition.

    Attributes:
        condition: its name.
        everything: scores on all photos.
        sources: the same on the photos of each source, if there are several.
    """

    condition: str
    everything: Figures
    sources: Mapping[str, Figures]

    def as_dict(self) -> dict[str, Any]:
        """Return the scores under the keys of `conditions --json`."""
        return {
            "condition": self.condition,
            **self.everything.as_dict(),
            "sources": {source: figures.as_dict() for source, figures in self.sources.items()},
        }


@dataclass(frozen=True)
class Answers:
    """What the box answers on n photos.

    Attributes:
        moods: those of the model and of the photos.
        threshold: the confidence from which on the box names a mood.
        truth: int64, (n,): indices into `moods`.
        predicted: int64, (n,): the same, or NOT_FOUND.
        confidence: float64, (n,); -1 without a face.
        in_place: bool, (n,): whether the face is where it was placed.
        people: int64, (n,): the number of each photo's person.
    """

    moods: tuple[Mood, ...]
    threshold: float
    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]
    confidence: NDArray[np.float64]
    in_place: NDArray[np.bool_]
    people: NDArray[np.int64]

    def figures(self, chosen: NDArray[np.bool_]) -> Figures:
        """Score the photos that `chosen`, bool (n,), marks."""
        truth, predicted, confidence = self.truth[chosen], self.predicted[chosen], self.confidence[chosen]
        in_place = self.in_place[chosen]
        _, people = np.unique(self.people[chosen], return_inverse=True)
        hit = predicted == truth
        named = confidence >= self.threshold
        occurring = np.unique(truth)

        def all_figures(weights: Weights) -> dict[str, float]:
            recalls = statistics.recalls(truth, predicted, weights, len(self.moods))
            return {
                "not_found": statistics.mean(predicted == NOT_FOUND, weights),
                "in_place": statistics.mean(in_place, weights),
                "balanced_accuracy": statistics.balanced_accuracy(recalls),
                "coverage": statistics.mean(named, weights),
                # A sample without a named photo says nothing about it.
                "precision": statistics.mean(hit, weights * named) if weights @ named else math.nan,
                **statistics.coverages(confidence, hit, weights),
                **{self.moods[index]: recalls[index] for index in occurring},
            }

        found = estimate(all_figures, people)
        if not named.any():
            found["precision"] = Estimate(0.0, 0.0)
        return Figures(
            photos=len(truth),
            people=len(np.unique(people)),
            not_found=found["not_found"],
            in_place=found["in_place"],
            balanced_accuracy=found["balanced_accuracy"],
            recall={self.moods[index]: found[self.moods[index]] for index in occurring},
            coverage=found["coverage"],
            precision=found["precision"],
            coverage_at={name: each for name, each in found.items() if name.startswith("coverage_at_")},
        )


def answers_on(
    analyzer: FaceAnalyzer, photos: Sequence[Photo], condition: str, restrict_to: Sequence[Mood] | None = None
) -> Answers:
    """Observe every photo under `condition`, with as many frames as the box takes at the least.

    All frames of an observation are the same one, as of a face that keeps still.

    Args:
        analyzer: its card's prior and threshold apply, as in the box.
        photos: of any moods; one that the model does not know is always missed.
        condition: one of `scenes.NAMES`.
        restrict_to: if given, the answer is the likeliest of these moods, whatever else the model knows.
    """
    asked = tuple(restrict_to or analyzer.card.labels)
    moods = (*asked, *sorted({photo.mood for photo in photos} - set(asked)))
    predicted = np.full(len(photos), NOT_FOUND, dtype=np.int64)
    confidence = np.full(len(photos), -1.0)
    in_place = np.zeros(len(photos), dtype=np.bool_)
    for number, scene in enumerate(scenes(photos, condition)):
        decision = look_at(analyzer, scene.frame)
        if decision.probabilities and decision.face:
            probabilities = {mood: decision.probabilities[mood] for mood in asked}
            best = max(asked, key=lambda mood: probabilities[mood])
            predicted[number] = moods.index(best)
            confidence[number] = probabilities[best] / (sum(probabilities.values()) or 1)
            in_place[number] = scene.is_face(decision.face)
    return Answers(
        moods,
        analyzer.card.threshold,
        truth=np.array([moods.index(photo.mood) for photo in photos], dtype=np.int64),
        predicted=predicted,
        confidence=confidence,
        in_place=in_place,
        people=np.array(person_numbers(photos), dtype=np.int64),
    )


def measure(
    analyzer: FaceAnalyzer, photos: Sequence[Photo], condition: str, restrict_to: Sequence[Mood] | None = None
) -> Result:
    """Score the answers on all photos, and on those of each source; `answers_on` explains the arguments."""
    answers = answers_on(analyzer, photos, condition, restrict_to)
    of_source = np.array([photo.source for photo in photos])
    sources = sorted(set(of_source.tolist()))
    return Result(
        condition,
        answers.figures(np.ones(len(photos), dtype=np.bool_)),
        {source: answers.figures(of_source == source) for source in sources} if len(sources) > 1 else {},
    )


def look_at(analyzer: FaceAnalyzer, frame: NDArray[np.uint8]) -> Decision:
    """Observe a scene that stands still, as the box does."""
    rules = settings.Look()
    observation = Observation(rules, analyzer.card.threshold, started=0.0)
    for number in range(rules.readings):
        found = observation.add_frame(analyzer, frame).face
        if number == 0 and not found:
            break  # the same frame would be searched in the same way again
    return observation.decision()


def table(results: Sequence[Result]) -> str:
    """Format the results as Markdown: a table of all photos, and one by source."""
    moods = list(results[0].everything.recall)
    head = [
        *("condition", "balanced accuracy", *moods, "face not found", "in the right place"),
        *("named", "of those right", "named, if 90 % were right"),
    ]
    rows = [
        [
            result.condition,
            f"**{figures.balanced_accuracy.value:.3f}** ± {figures.balanced_accuracy.error:.3f}",
            *(recall.percent() for recall in figures.recall.values()),
            figures.not_found.percent(),
            figures.in_place.percent(),
            figures.coverage.percent(),
            figures.precision.percent(),
            figures.coverage_at["coverage_at_90"].percent(),
        ]
        for result in results
        for figures in [result.everything]
    ]
    by_source = [
        [
            result.condition,
            *(
                cell
                for figures in result.sources.values()
                for cell in (
                    figures.balanced_accuracy.share(),
                    figures.coverage.percent(),
                    figures.precision.percent(),
                )
            ),
        ]
        for result in results
        if result.sources
    ]
    if not by_source:
        return _markdown(head, rows)
    columns = ("balanced", "named", "of those right")
    source_head = [f"{source}, {column}" for source in results[0].sources for column in columns]
    return f"{_markdown(head, rows)}\n\n{_markdown(['condition', *source_head], by_source)}"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
