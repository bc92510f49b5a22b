"""The commands and their options."""

from __future__ import annotations

import argparse
from pathlib import Path

from converter.cli import argument_types as types
from converter.cli import commands, distill
from converter.cli.compare import add_detectors_options
from converter.cli.compare import add_options as add_compare_options
from converter.data.labels import SPLITS
from converter.measure.photos import HALVES
from converter.measure.scenes import NAMES
from converter.networks.backend import BACKENDS
from device.output import OneLineParser
from device.vision.tflite import MODULES


def parser() -> argparse.ArgumentParser:
    """Build the parser; the parsed options have the function to call as `command`."""
    top = OneLineParser(
        prog="moodbox-converter", description="Train, quantize and evaluate the networks of moodbox."
    )
    subparsers = top.add_subparsers(required=True, metavar="COMMAND")
    _add_train(subparsers.add_parser("train", help="train a network on FER2013"))
    distill.add_pack(subparsers.add_parser("pack", help="pack the data into one file, for `distill`"))
    distill.add_distill(
        subparsers.add_parser(
            "distill", help="train teachers and a student of them in stages, in a given time"
        )
    )
    _add_quantize(subparsers.add_parser("quantize", help="make the box's model from a training run"))
    _add_evaluate(subparsers.add_parser("evaluate", help="score a model on one split"))
    _add_conditions(
        subparsers.add_parser(
            "conditions",
            help="score a model on photos in good and poor light, blurred, turned, ..., and on empty scenes",
        )
    )
    _add_corrections(
        subparsers.add_parser(
            "corrections",
            help="simulate people whom the box reads badly and who correct it, on PublicTest",
        )
    )
    _add_compare(
        subparsers.add_parser(
            "compare",
            help="train and measure several methods under one protocol",
            description="Train and measure several methods under one protocol (models/COMPARISON.md). It can "
            "be stopped at any time, and the same command goes on. What was measured is kept in scores.json "
            "in the folder --out: delete that file to measure again.",
        )
    )
    add_detectors_options(
        subparsers.add_parser("detectors", help="score face detectors on photos and on empty scenes")
    )
    _add_limits(
        subparsers.add_parser(
            "limits", help="measure how reliable PrivateTest's labels are, and how much of it is in Training"
        )
    )
    _add_hear_fit(
        subparsers.add_parser("hear-fit", help="fit what the box hears in songs to people's judgements")
    )
    return top


def _add_train(train: argparse.ArgumentParser) -> None:
    _add_data_options(train)
    train.add_argument("--out", type=Path, required=True, help="the run's folder")
    train.add_argument(
        "--recipe", default="paper", help="the recipe (default: paper); the other options change it"
    )
    train.add_argument("--network", help="the network")
    train.add_argument("--moods", type=types.moods, metavar="A,B,…", help="the moods, in order")
    train.add_argument("--epochs", type=types.positive, help="number of epochs")
    train.add_argument("--batch", type=types.positive, help="faces in a batch")
    train.add_argument("--learning-rate", type=types.rate, help="its maximum; it falls to 0 along a cosine")
    train.add_argument("--seed", type=types.seed, help="of all randomness")
    train.add_argument(
        "--precision",
        choices=("float32", "mixed_bfloat16"),
        help="of the computation (default: the recipe's, or float32 where that is faster)",
    )
    train.add_argument(
        "--start",
        action="append",
        metavar="MODEL",
        help="start from the weights of another run; repeat it to start from the mean of several",
    )
    train.add_argument(
        "--teacher",
        action="append",
        metavar="MODEL",
        help="also learn the predictions of this model (distillation); may be repeated",
    )
    train.add_argument(
        "--backgrounds",
        type=Path,
        metavar="FOLDER",
        help="pictures without people, for recipes that learn what is a face",
    )
    train.add_argument(
        "--backend",
        choices=tuple(BACKENDS),
        help="what computes: tensorflow (Keras' own default), jax, which uses several accelerators, or torch",
    )
    train.add_argument(
        "--workers",
        type=types.positive,
        default=1,
        metavar="N",
        help="processes that prepare the pictures; they do not change the result (default: 1)",
    )
    train.add_argument("--resume", action="store_true", help="continue the run in --out")
    train.set_defaults(command=commands.train)


def _add_quantize(quantize: argparse.ArgumentParser) -> None:
    quantize.add_argument(
        "--run",
        type=Path,
        action="append",
        required=True,
        help="the run's folder; repeat it to make one model whose answer is the mean of several runs",
    )
    _add_data_options(quantize)
    quantize.add_argument(
        "--out", type=Path, required=True, help="models/NAME.tflite; the other files go beside it"
    )
    quantize.add_argument(
        "--right",
        type=types.share_above_zero,
        default=0.9,
        dest="target_precision",
        metavar="SHARE",
        help="share of the named moods that have to be right; sets the threshold (default: .9)",
    )
    quantize.add_argument(
        "--photos",
        type=Path,
        metavar="FOLDER",
        help="choose the threshold on the choosing half of these photos, as the box sees them (default: on "
        "PublicTest)",
    )
    quantize.add_argument(
        "--face-threshold",
        type=types.share_above_zero,
        default=0.5,
        metavar="SHARE",
        help="least probability of a face, for runs that have learned what is one (default: .5)",
    )
    quantize.add_argument(
        "--votes-share",
        type=types.share,
        default=0.0,
        metavar="SHARE",
        help="weight of what was learned from FER+'s votes in the answer (default: 0)",
    )
    quantize.add_argument(
        "--margin", type=types.margin, help="of the crop (default: the one that FER2013's images have)"
    )
    quantize.add_argument(
        "--prior",
        action="append",
        type=types.prior,
        metavar="MOOD=FACTOR",
        help="how many times likelier a mood is in front of the box than in FER2013; may be repeated",
    )
    quantize.add_argument(
        "--moods",
        type=types.moods,
        metavar="A,B,…",
        help="restrict the model to these moods (default: all of the run)",
    )
    quantize.add_argument("--seed", type=types.seed, default=1, help="of all randomness (default: 1)")
    quantize.set_defaults(command=commands.quantize)


def _add_evaluate(evaluate: argparse.ArgumentParser) -> None:
    evaluate.add_argument("model", type=Path, help="a .tflite file with its card, or a .keras file of a run")
    _add_data_option(evaluate)
    _add_votes_option(evaluate, "FER+'s fer2013new.csv: score by what its ten people say, too")
    evaluate.add_argument("--split", choices=SPLITS, required=True, help="the split to score")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")
    evaluate.add_argument("--picture", type=types.png, metavar="FILE.png", help="plot the confusion matrix")
    evaluate.add_argument(
        "--runtime", choices=("auto", *MODULES), default="auto", help="TFLite runtime for a .tflite file"
    )
    evaluate.add_argument(
        "--votes-share",
        type=types.share,
        metavar="SHARE",
        help="of a .keras file: weight of what was learned from FER+'s votes in the answer (default: 0)",
    )
    evaluate.add_argument(
        "--prior",
        action="append",
        type=types.prior,
        metavar="MOOD=FACTOR",
        help="answer with this prior, and not with the card's; may be repeated",
    )
    evaluate.add_argument(
        "--mirrored", action="store_true", help="answer with the mean for a face and its mirror image"
    )
    evaluate.set_defaults(command=commands.evaluate)


def _add_conditions(conditions: argparse.ArgumentParser) -> None:
    conditions.add_argument("model", type=Path, help="a .tflite file with its card")
    conditions.add_argument(
        "--photos", type=Path, help="a folder with one for each mood, and people.csv: who is on which photo"
    )
    conditions.add_argument(
        "--half",
        choices=HALVES,
        default="reporting",
        help="which half of the people (default: reporting, by whom nothing was chosen)",
    )
    conditions.add_argument(
        "--scenes", type=Path, help="a folder of pictures without people: how often is a face seen in them?"
    )
    conditions.add_argument(
        "--moods", type=types.moods, metavar="A,B,…", help="hold the answers to these of the model's moods"
    )
    conditions.add_argument(
        "--condition", action="append", choices=NAMES, help="only this one; may be repeated"
    )
    conditions.add_argument("--out", type=Path, metavar="NAME", help="write NAME.md and NAME.png")
    conditions.add_argument("--json", action="store_true", help="print a line of JSON for each condition")
    conditions.set_defaults(command=commands.conditions)


def _add_corrections(corrections: argparse.ArgumentParser) -> None:
    corrections.add_argument("model", type=Path, help="a .tflite file with its card")
    corrections.add_argument(
        "--run", type=Path, required=True, help="the run's folder: its network says which faces are alike"
    )
    _add_data_option(corrections)
    _add_votes_option(corrections, "FER+'s fer2013new.csv: what ten people see in each face", required=True)
    corrections.set_defaults(command=commands.corrections)


def _add_compare(compare: argparse.ArgumentParser) -> None:
    _add_data_options(compare, votes_required=True)
    add_compare_options(compare)
    compare.set_defaults(command=commands.compare)


def _add_limits(limits: argparse.ArgumentParser) -> None:
    _add_data_options(limits, votes_required=True)
    limits.set_defaults(command=commands.limits)


def _add_hear_fit(hear_fit: argparse.ArgumentParser) -> None:
    hear_fit.add_argument(
        "--people", type=Path, required=True, help="a folder with people.csv and midi/", metavar="FOLDER"
    )
    hear_fit.add_argument(
        "--sounds", type=Path, required=True, metavar="FOLDER", help="keeps what was rendered and measured"
    )
    hear_fit.add_argument(
        "--sound-font",
        type=Path,
        action="append",
        metavar="FILE.sf2",
        help="the instruments; a second one plays every third arrangement",
        required=True,
    )
    hear_fit.add_argument("--out", type=Path, required=True, metavar="FILE.json", help="the model")
    hear_fit.add_argument("--plot", type=Path, metavar="FILE.png", help="people against the box")
    hear_fit.set_defaults(command=commands.hear_fit)


def _add_data_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data", type=Path, required=True, help="fer2013.csv (or .xz, .gz), or a folder per split and class"
    )


def _add_data_options(command: argparse.ArgumentParser, *, votes_required: bool = False) -> None:
    _add_data_option(command)
    command.add_argument(
        "--leave-out", type=Path, metavar="FILE", help="numbers of rows to leave out of Training"
    )
    purpose = "" if votes_required else ", for recipes that learn from them"
    _add_votes_option(command, f"FER+'s fer2013new.csv{purpose}", required=votes_required)


def _add_votes_option(command: argparse.ArgumentParser, purpose: str, *, required: bool = False) -> None:
    command.add_argument("--votes", type=Path, required=required, metavar="FILE", help=purpose)
