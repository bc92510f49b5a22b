"""The verbs of the converter: train, quantize, evaluate, conditions, limits."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from converter.data.dataset import SPLITS, Split, read, read_row_numbers
from converter.data.near_duplicates import alike
from converter.errors import DataError, RunError
from converter.measure.conditions import HALVES, NAMES
from device.config import settings
from device.errors import MoodboxError
from device.mood import Mood
from device.vision.tflite import MODULES

# TensorFlow greets with dozens of lines; what matters still comes as an exception.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Keras and TensorFlow take seconds to load: each verb loads what it needs, so that --help answers at once.


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        options.verb(options)
    except MoodboxError as error:
        print(f"moodbox-converter: {error}", file=sys.stderr)
        return error.exit_code
    except ModuleNotFoundError as error:
        print(
            f"moodbox-converter: {error.name} is missing: `make develop` with Python 3.11 or 3.12 brings it",
            file=sys.stderr,
        )
        return 1
    except OSError as error:
        if not error.filename:  # nothing that the user named, so a mistake of ours
            raise
        print(f"moodbox-converter: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        begun = options.verb is _train and (options.out / "run.json").exists()
        hint = "; go on with --resume" if begun else ""
        print(f"moodbox-converter: stopped{hint}", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="moodbox-converter", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    train = verbs.add_parser("train", help="train a network on FER2013")
    _data_options(train)
    train.add_argument("--out", type=Path, required=True, help="the run's folder")
    train.add_argument("--recipe", default="paper", help="which recipe (default: paper); the rest changes it")
    train.add_argument("--network", help="which network")
    train.add_argument("--moods", type=_moods, metavar="A,B,…")
    train.add_argument("--epochs", type=_positive)
    train.add_argument("--batch", type=_positive)
    train.add_argument("--learning-rate", type=_rate, help="at its highest; falls to 0 along a cosine")
    train.add_argument("--seed", type=_seed)
    train.add_argument(
        "--precision",
        choices=("float32", "mixed_bfloat16"),
        help="mixed_bfloat16 is faster where the processor has avx512_bf16",
    )
    train.add_argument(
        "--start",
        action="append",
        metavar="MODEL",
        help="begin with another run's weights; of several, with the mean",
    )
    train.add_argument(
        "--teacher", action="append", metavar="MODEL", help="learn its answers too; may be repeated"
    )
    train.add_argument("--resume", action="store_true", help="go on with the run in --out")
    train.set_defaults(verb=_train)

    quantize = verbs.add_parser("quantize", help="make the model that the box runs from a training run")
    quantize.add_argument(
        "--run",
        type=Path,
        action="append",
        required=True,
        help="the run's folder; repeated, one model of them all, which answers with their mean",
    )
    _data_options(quantize)
    quantize.add_argument("--out", type=Path, required=True, help="models/NAME.tflite; the rest goes beside")
    quantize.add_argument(
        "--right",
        type=_share,
        default=0.9,
        help="how often a named mood shall be the true one on PublicTest; sets the threshold (default: .9)",
    )
    quantize.add_argument(
        "--votes-share",
        type=_part,
        default=0.0,
        help="how much of the answer comes from what was learned from FER+'s votes (default: 0)",
    )
    quantize.add_argument(
        "--margin", type=_margin, help="of the crop (default: as FER2013's pictures have it)"
    )
    quantize.add_argument(
        "--prior",
        action="append",
        type=_prior,
        metavar="MOOD=TIMES",
        help="how many times likelier a mood is before the box than in FER2013; may be repeated",
    )
    quantize.add_argument(
        "--moods",
        type=_moods,
        metavar="A,B,…",
        help="hold the model to these moods (default: all of the run)",
    )
    quantize.add_argument("--seed", type=_seed, default=1)
    quantize.set_defaults(verb=_quantize)

    evaluate = verbs.add_parser("evaluate", help="score a model on one split")
    evaluate.add_argument("model", type=Path, help="a .tflite file with its card, or a .keras file of a run")
    _data_option(evaluate)
    evaluate.add_argument("--split", choices=SPLITS, required=True)
    evaluate.add_argument("--json", action="store_true", help="one JSON object on standard output")
    evaluate.add_argument("--picture", type=_png, metavar="FILE.png", help="draw the confusion matrix")
    evaluate.add_argument("--runtime", choices=("auto", *MODULES), default="auto", help="for a .tflite file")
    evaluate.set_defaults(verb=_evaluate)

    where = verbs.add_parser(
        "conditions", help="where the whole path breaks: photos in light, dark, askew, ..."
    )
    where.add_argument("model", type=Path, help="a .tflite file with its card")
    where.add_argument("--photos", type=Path, required=True, help="a folder with one for each mood")
    where.add_argument("--half", choices=HALVES, default="reporting", help="which half of the photos")
    where.add_argument("--condition", action="append", choices=NAMES, help="only this one; may be repeated")
    where.add_argument("--out", type=Path, help="NAME: writes NAME.md and NAME.png")
    where.add_argument("--json", action="store_true", help="a line of JSON for each condition")
    where.set_defaults(verb=_conditions)

    worth = verbs.add_parser(
        "limits", help="what a figure on PrivateTest is worth: who agrees with its labels, what Training has"
    )
    _data_options(worth, votes_required=True)
    worth.set_defaults(verb=_limits)
    return parser


def _data_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, required=True, help="fer2013.csv (or .xz, .gz), or a folder per split and class"
    )


def _data_options(parser: argparse.ArgumentParser, *, votes_required: bool = False) -> None:
    _data_option(parser)
    parser.add_argument("--leave-out", type=Path, help="file of row numbers to leave out of training")
    asking = "" if votes_required else ", for recipes that learn from it"
    parser.add_argument("--votes", type=Path, required=votes_required, help=f"FER+'s fer2013new.csv{asking}")


def _number(text: str, kind: Callable[[str], float], low: float, high: float, expected: str) -> float:
    try:
        number = kind(text)
    except ValueError:
        number = math.nan
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"{text!r}: expected {expected}")
    return number


def _positive(text: str) -> int:
    return int(_number(text, int, 1, math.inf, "a whole number from 1 on"))


def _seed(text: str) -> int:
    return int(_number(text, int, 0, 2**32 - 1, "a whole number from 0 to 4294967295"))


def _rate(text: str) -> float:
    return _number(text, float, 1e-9, 1, "a number above 0, at most 1")


def _share(text: str) -> float:
    return _number(text, float, 1e-9, 1, "a share above 0, at most 1")


def _part(text: str) -> float:
    return _number(text, float, 0, 1, "a share from 0 to 1")


def _margin(text: str) -> float:
    return _number(text, float, -0.5, 2, "a number from -0.5 to 2")


def _prior(text: str) -> tuple[Mood, float]:
    name, _, times = text.partition("=")
    if name not in tuple(Mood):
        raise argparse.ArgumentTypeError(f"{name!r}: expected a mood, of {', '.join(Mood)}")
    return Mood(name), _number(times, float, 0.01, 100, "MOOD=TIMES, a number from .01 to 100")


def _png(text: str) -> Path:
    if not text.endswith(".png"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a name that ends in .png")
    return Path(text)


def _moods(text: str) -> tuple[Mood, ...]:
    try:
        moods = tuple(Mood(name) for name in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; known are {', '.join(Mood)}") from error
    if len(moods) < 2 or len(set(moods)) < len(moods):
        raise argparse.ArgumentTypeError(f"{text!r}: expected two or more different moods")
    return moods


def _train(options: argparse.Namespace) -> None:
    from converter.networks.architectures import NETWORKS
    from converter.training import trainer as training
    from converter.training.recipes import RECIPES

    if options.recipe not in RECIPES:
        raise RunError(f"--recipe {options.recipe}: not known; there are {', '.join(RECIPES)}")
    if options.network and options.network not in NETWORKS:
        raise RunError(f"--network {options.network}: not known; there are {', '.join(NETWORKS)}")
    names = ("network", "moods", "epochs", "batch", "learning_rate", "seed", "precision")
    asked = {name: value for name in names if (value := getattr(options, name)) is not None}
    recipe = dataclasses.replace(
        RECIPES[options.recipe],
        **asked,
        start=tuple(options.start or ()),
        teachers=tuple(options.teacher or ()),
    )
    if recipe.epochs <= recipe.warmup:
        raise RunError(
            f"--epochs {recipe.epochs}: this recipe takes {recipe.warmup} to warm up; "
            f"ask for {recipe.warmup + 1} or more"
        )
    splits = _read_all(options, [Mood(mood) for mood in recipe.moods])
    training.train(
        options.out,
        recipe,
        splits["Training"],
        splits["PublicTest"],
        resume=options.resume,
    )
    print(f"best model: {options.out / training.BEST}")


def _quantize(options: argparse.Namespace) -> None:
    from converter.quantize import export as cards
    from converter.training import trainer as training

    known = [Mood(mood) for mood in training.read_recipe(options.run[0]).moods]
    splits = _read_all(options, known)
    learned = splits["Training"]
    if options.moods and options.moods != tuple(known):
        print(f"held to {', '.join(options.moods)}:")
        splits = _read_all(options, options.moods)
    choices = cards.Choices(
        right=options.right,
        votes=options.votes_share,
        margin=options.margin,
        prior=dict(options.prior or ()),
        seed=options.seed,
        moods=options.moods,
    )
    card = cards.make(options.run, splits, options.out, choices, learned)
    print(cards.report(card))
    print(f"written: {options.out} and what belongs to it")


def _evaluate(options: argparse.Namespace) -> None:
    from converter.measure import evaluation

    moods = evaluation.labels_of(options.model)
    split = read(options.data, [options.split], moods)[options.split]
    scores = evaluation.run(options.model, split, options.runtime)
    if options.picture:
        from converter.measure import plots

        title = f"{options.model.stem}, {split.name}: {scores.accuracy:.1%}"
        plots.confusion(np.array(scores.confusion), scores.labels, title, options.picture)
    if options.json:
        print(json.dumps({"model": str(options.model), "split": split.name} | scores.as_dict()))
    else:
        print(f"{options.model} on {split.name}\n{scores.table()}")


def _conditions(options: argparse.Namespace) -> None:
    from converter.measure import conditions
    from device.vision.observation import FaceAnalyzer

    analyzer = FaceAnalyzer(settings.Model(path=str(options.model)), settings.Look())
    shown = conditions.photos(options.photos, options.half)
    results = []
    for name in options.condition or NAMES:
        results.append(conditions.measure(analyzer, shown, name))
        if options.json:
            print(json.dumps(results[-1].as_dict()), flush=True)
    table = conditions.table(results)
    if not options.json:
        print(table)
    if options.out:
        from converter.measure import plots

        title = f"{analyzer.card.name} on {len(shown)} photos, the half for {options.half}"
        options.out.with_suffix(".md").write_text(f"# {title}\n\n{table}\n", encoding="utf-8")
        plots.conditions(results, title, options.out.with_suffix(".png"))


def _limits(options: argparse.Namespace) -> None:
    from converter.measure import label_quality as limits

    splits = read(options.data, ("Training", "PrivateTest"), tuple(Mood), _leave_out(options), options.votes)
    test, training = splits["PrivateTest"], splits["Training"]
    print(*(limits.measure(test, training, moods).report() for moods in limits.ASKED), sep="\n\n")


def _leave_out(options: argparse.Namespace) -> frozenset[int]:
    return read_row_numbers(options.leave_out) if options.leave_out else frozenset()


def _read_all(options: argparse.Namespace, moods: Sequence[Mood]) -> dict[str, Split]:
    """All three splits, Training less what is to be left out and what also stands in a test split."""
    splits = read(options.data, SPLITS, moods, _leave_out(options), options.votes)
    tests = (splits["PublicTest"], splits["PrivateTest"])
    faces = splits["Training"]
    faces = faces.only(~alike(faces.images, np.concatenate([test.images for test in tests])))
    print(f"Training    {len(faces)} faces {faces.counts()}")
    print(f"            {len(splits['Training']) - len(faces)} more left out: they stand in a test split too")
    for split in tests:
        print(f"{split.name:12}{len(split)} faces {split.counts()}")
    if missing := [mood for mood, count in faces.counts().items() if not count]:
        raise DataError(f"{options.data}: no picture of {', '.join(missing)} is in Training alone")
    return splits | {"Training": faces}
