"""From a finished run to what the box ships with: the integer model, its card, golden vectors, pictures."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import msgspec
import numpy as np
from numpy.typing import NDArray

from converter.data import crop_calibration as framing
from converter.data.dataset import SIDE, Split
from converter.errors import RunError
from converter.measure import evaluation, plots
from converter.networks import architectures as networks
from converter.quantize import golden_vectors as golden
from converter.quantize import int8 as quantization
from converter.training import trainer as training
from device.mood import Mood
from device.vision.model_card import FORMAT, Card, Crop, card_path
from device.vision.normalization import normalize_all

TESTS = ("PublicTest", "PrivateTest")
CHOSEN_BY = "PublicTest"
DATA_SET = (
    "FER2013's Training, less rows that --leave-out named, pictures that stand in a test split too (near "
    "duplicates as well), and, where FER+'s votes were read, those that most saw no face in"
)
LICENCE = (
    "Trained on FER2013 (Goodfellow et al. 2013, Kaggle), whose pictures come from a web search and have "
    "unclear rights: none of them is shipped, and the golden vectors are drawn."
)


@dataclass(frozen=True)
class Choices:
    """What is chosen after training, and not on PrivateTest.

    right: how often a named mood shall be the true one on PublicTest. votes: the share of the answer that
    comes from what was learned from FER+'s votes. margin: of the crop; as FER2013's pictures have it if None.
    prior: as in the card. moods: those of the run that the model is held to; all if None.
    """

    right: float = 0.9
    votes: float = 0.0
    margin: float | None = None
    prior: Mapping[Mood, float] = field(default_factory=dict)
    seed: int = 1
    moods: Sequence[Mood] | None = None


def make(
    runs: Sequence[Path],
    splits: Mapping[str, Split],
    out: Path,
    choices: Choices,
    learned: Split | None = None,
) -> Card:
    """Quantizes the best model of a run, or those of several as one, into `out` (.tflite), and makes all that
    stands beside it.

    splits: all three, of those moods; the pictures for quantizing and the framing come from Training,
    temperature and threshold from PublicTest. learned: what the runs were trained on, if that is more than
    Training here, since the model is held to some of its moods.
    Each file is written whole or not at all, the card last. Raises MoodboxError.
    """
    if out.suffix != ".tflite":
        raise RunError(f"--out {out}: expected a name that ends in .tflite")
    recipes = {run: training.read_recipe(run) for run in runs}
    moods = [Mood(mood) for mood in choices.moods or recipes[runs[0]].moods]
    for run, recipe in recipes.items():
        if unknown := {*choices.prior, *moods} - set(recipe.moods):
            raise RunError(
                f"{run}: does not know {', '.join(sorted(unknown))}, but {', '.join(recipe.moods)}"
            )
    lights = {recipe.augmentation.light for recipe in recipes.values()}
    if len(lights) > 1:
        raise RunError(
            f"{', '.join(map(str, runs))}: want their crops evened differently; quantize each alone"
        )
    light, seed = lights.pop(), choices.seed

    def judging(temperature: float = 1.0) -> keras.Model:
        return networks.together(
            [
                networks.restore(
                    run / training.BEST,
                    places=[recipe.moods.index(mood) for mood in moods],
                    votes=choices.votes,
                    temperature=temperature,
                )
                for run, recipe in recipes.items()
            ]
        )

    seen = {name: normalize_all(splits[name].images, light) for name in TESTS}
    chosen = splits[CHOSEN_BY]
    temperature = evaluation.temperature(chosen.labels, networks.predict(judging(), seen[CHOSEN_BY]))
    network = judging(temperature)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.stem}-") as folder:
        draft = Path(folder) / out.name
        faces = splits["Training"]
        draft.write_bytes(quantization.quantize(network, quantization.representative(faces, light, seed)))
        frame = framing.measure(faces.images, seed)
        margin = frame.margin if choices.margin is None else choices.margin
        card = _write_card(
            draft,
            Card(
                format=FORMAT,
                name=out.stem,
                labels=tuple(moods),
                side=SIDE,
                crop=Crop(detector=frame.detector, margin=margin, normalization=light),
                threshold=0,
                prior=dict(choices.prior),
                sha256=hashlib.sha256(draft.read_bytes()).hexdigest(),
            ),
        )
        # Only with a card can the model be run as the device runs it; what that shows goes into the card.
        answers = {name: evaluation.probabilities(draft, splits[name].images) for name in TESTS}
        threshold = evaluation.threshold(chosen.labels, answers[CHOSEN_BY], choices.right)
        about = {
            "network": network.name,
            "parameters": network.count_params(),
            "recipes": [asdict(recipe) | _best_epoch(run) for run, recipe in recipes.items()],
            "votes_share": choices.votes,
            "temperature": {"chosen_on": CHOSEN_BY, "value": temperature},
            "training": _training(learned or faces),
            "quantization": {
                "kind": "int8 weights and activations, uint8 in and out",
                "pictures": min(quantization.PICTURES, len(faces)),
                "seed": seed,
            },
            "scores": {
                name: _scores(networks.predict(network, seen[name]), splits[name], answers[name])
                for name in TESTS
            },
            "threshold": {"chosen_on": CHOSEN_BY, "asked": choices.right} | threshold.as_dict(),
            "framing": frame.as_dict(),
            "golden": _write_golden(draft, seed),
            "versions": {name: version(name) for name in ("tensorflow", "keras", *golden.installed())},
            "licence": LICENCE,
        }
        card = _write_card(draft, msgspec.structs.replace(card, threshold=threshold.value, about=about))
        _draw(draft, runs, card)
        _publish(draft, out)
    return card


def report(card: Card) -> str:
    """What is worth reading after `make`, in a few lines."""
    about = card.about
    lines = [f"{card.name}: {about['network']}, {about['parameters']:,} parameters, {', '.join(card.labels)}"]
    for name, scores in about["scores"].items():
        lines.append(
            f"{name:11} float {scores['float']['accuracy']:.2%}, int8 {scores['int8']['accuracy']:.2%} "
            f"(balanced {scores['int8']['balanced_accuracy']:.2%}); "
            f"same answer on {scores['agreement']:.2%} of {scores['int8']['count']} faces"
        )
        if voted := scores.get("ferplus"):
            lines.append(f"{'':11} against FER+'s majority, int8 {voted['accuracy']:.2%} of {voted['count']}")
    threshold, frame = about["threshold"], about["framing"]
    lines.append(f"temperature {about['temperature']['value']:.2f} ({about['temperature']['chosen_on']})")
    lines.append(
        f"threshold   {card.threshold:.2f}: names {threshold['coverage']:.1%} of the faces, "
        f"{threshold['right']:.1%} of them rightly ({threshold['chosen_on']})"
    )
    lines.append(
        f"margin      {card.crop.margin:.2f}; FER2013's is {frame['margin']:.2f} (quartiles "
        f"{frame['lower']:.2f}, {frame['upper']:.2f}; {frame['found']} boxes in {frame['pictures']} pictures)"
    )
    if card.prior:
        likelier = ", ".join(f"{mood} {times:g}" for mood, times in card.prior.items())
        lines.append(f"prior       times likelier before the box: {likelier}")
    for name, steps in about["golden"]["steps_apart"].items():
        lines.append(f"golden      {name}: at most {steps} of 256 apart")
    return "\n".join(lines)


def _training(learned: Split) -> dict[str, Any]:
    return {"data_set": DATA_SET, "count": len(learned), "classes": learned.counts()}


def _best_epoch(run: Path) -> dict[str, int]:
    history = training.read_history(run)
    best = max(history, key=lambda entry: entry["val_accuracy"])  # the first of equals, as `train` keeps
    return {"epochs_done": len(history), "best_epoch": int(best["epoch"])}


def _scores(before: NDArray[np.float32], split: Split, after: NDArray[np.float32]) -> dict[str, Any]:
    """What the float network scored `before` it was quantized, and the integer one `after`."""
    floats = evaluation.score(split.moods, split.labels, before)
    scores = {
        "float": {"accuracy": floats.accuracy, "balanced_accuracy": floats.balanced_accuracy},
        "int8": evaluation.score(split.moods, split.labels, after).as_dict(),
        "agreement": evaluation.agreement(before, after),
        "runtime": golden.installed()[0],
    }
    if split.votes is not None:
        voted = split.by_votes()
        by_votes = evaluation.score(split.moods, voted.labels, after[split.votes.any(axis=1)])
        scores["ferplus"] = {"count": by_votes.count, "accuracy": by_votes.accuracy}
    return scores


def _write_card(model: Path, card: Card) -> Card:
    card_path(model).write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=1) + b"\n")
    return card


def _write_golden(model: Path, seed: int) -> dict[str, Any]:
    content = model.read_bytes()
    crops, outputs = golden.vectors(content, seed)
    apart = {name: golden.apart(content, crops, outputs, name) for name in golden.installed()}
    np.savez_compressed(model.with_suffix(".golden.npz"), crops=crops, outputs=outputs)
    return {"crops": len(crops), "seed": seed, "steps_apart": apart}


def _draw(model: Path, runs: Sequence[Path], card: Card) -> None:
    plots.history([training.read_history(run) for run in runs], model.with_suffix(".history.png"))
    scores = card.about["scores"]["PrivateTest"]["int8"]
    title = f"{card.name}, PrivateTest: {scores['accuracy']:.1%}"
    matrix = np.array(scores["confusion_matrix"])
    plots.confusion(matrix, card.labels, title, model.with_suffix(".confusion.png"))


def _publish(draft: Path, out: Path) -> None:
    """Moves everything beside `draft` to beside `out`: a stop in between leaves a card that refuses."""
    last = (out.name, card_path(out).name)
    for path in sorted(draft.parent.iterdir(), key=lambda p: last.index(p.name) if p.name in last else -1):
        path.replace(out.parent / path.name)
