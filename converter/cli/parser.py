"""The commands and their options."""

from __future__ import annotations

import argparse
from pathlib import Path

from converter.cli import argument_types as types
from converter.cli import commands, distill, train
from converter.cli.compare import add_detectors_options
from converter.cli.compare import add_options as add_compare_options
from converter.cli.data_options import add_data_option, add_data_options, add_votes_option
from converter.data.labels import SPLITS
from converter.measure.photos import HALVES
from converter.measure.scenes import NAMES
from device.output import OneLineParser
from device.vision.tflite import MODULES


def parser() -> argparse.ArgumentParser:
    """Build the parser; the parsed options have the function to call as `command`."""
    top = OneLineParser(
        prog="moodbox-converter", description="Train, quantize and evaluate the networks of moodbox."
    )
    subparsers = top.add_subparsers(required=True, metavar="COMMAND")
    train.add_train(subparsers.add_parser("train", help="train a network on FER2013"))
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


def _add_quantize(quantize: argparse.ArgumentParser) -> None:
    quantize.add_argument(
        "--run",
        type=Path,
        action="append",
        required=True,
        help="the folder of a training run; repeat it for one model whose answer is the mean of several runs",
    )
    add_data_options(quantize, "by which the temperature is chosen, too")
    quantize.add_argument(
        "--out",
        type=Path,
        required=True,
        help="the model to write, NAME.tflite; its card and its other files go beside it",
    )
    quantize.add_argument(
        "--right",
        type=types.share_above_zero,
        default=0.9,
        dest="target_precision",
        metavar="SHARE",
        help="share of the named moods that have to be right; the threshold, below which the box names none, "
        "follows from it (default: .9)",
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
        help="the least probability of a face with which a candidate counts as one, for runs that have "
        "learned what is a face (default: .5)",
    )
    quantize.add_argument(
        "--votes-share",
        type=types.share,
        default=0.0,
        metavar="SHARE",
        help="how much of the answer comes from what was learned from FER+'s votes, and not from FER2013's "
        "labels: from 0, labels alone (default), to 1, votes alone",
    )
    quantize.add_argument(
        "--margin",
        type=types.margin,
        metavar="SHARE",
        help="how much wider than the detector's box the crop around a face is: .1 is a tenth wider "
        "(default: as wide as FER2013's images are, which is measured)",
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
    quantize.add_argument(
        "--seed",
        type=types.seed,
        default=1,
        help="the number by which images for rounding the weights and for the margin are drawn (default: 1)",
    )
    quantize.set_defaults(command=commands.quantize, mistakes=commands.mistakes_of_quantize)


def _add_evaluate(evaluate: argparse.ArgumentParser) -> None:
    evaluate.add_argument("model", type=Path, help="a .tflite file with its card, or a .keras file of a run")
    add_data_option(evaluate)
    add_votes_option(evaluate, "by which the model is then scored, too")
    evaluate.add_argument("--split", choices=SPLITS, required=True, help="the split to score")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")
    evaluate.add_argument("--picture", type=types.png, metavar="FILE.png", help="plot the confusion matrix")
    evaluate.add_argument(
        "--runtime",
        choices=("auto", *MODULES),
        default="auto",
        help="the library that runs a .tflite file (default: auto, the one that is installed)",
    )
    evaluate.add_argument(
        "--votes-share",
        type=types.share,
        metavar="SHARE",
        help="for a .keras file: how much of the answer comes from what was learned from FER+'s votes, and "
        "not from FER2013's labels, 0 (default) to 1",
    )
    evaluate.add_argument(
        "--prior",
        action="append",
        type=types.prior,
        metavar="MOOD=FACTOR",
        help="count this mood as so many times likelier, in place of the prior in the card; may be repeated",
    )
    evaluate.add_argument(
        "--mirrored", action="store_true", help="answer with the mean for a face and its mirror image"
    )
    evaluate.set_defaults(command=commands.evaluate)


def _add_conditions(conditions: argparse.ArgumentParser) -> None:
    conditions.add_argument("model", type=Path, help="a .tflite file with its card")
    conditions.add_argument(
        "--photos",
        type=Path,
        help="a folder with one folder of photos for each mood, and, if there is one, people.csv, which says "
        "who is on which photo",
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
        "--moods",
        type=types.moods,
        metavar="A,B,…",
        help="answer only with these of the model's moods (default: all)",
    )
    conditions.add_argument(
        "--condition",
        action="append",
        choices=NAMES,
        metavar="NAME",
        help=f"measure only this condition (default: all), one of {', '.join(NAMES)}; may be repeated",
    )
    conditions.add_argument(
        "--out", type=Path, metavar="NAME", help="write the table to NAME.md and a plot to NAME.png, too"
    )
    conditions.add_argument("--json", action="store_true", help="print a line of JSON for each condition")
    conditions.set_defaults(command=commands.conditions)


def _add_corrections(corrections: argparse.ArgumentParser) -> None:
    corrections.add_argument("model", type=Path, help="a .tflite file with its card")
    corrections.add_argument(
        "--run",
        type=Path,
        required=True,
        help="the folder of a training run, whose network says which faces are alike",
    )
    add_data_option(corrections)
    add_votes_option(corrections, "whose majority is taken for the truth", required=True)
    corrections.set_defaults(command=commands.corrections)


def _add_compare(compare: argparse.ArgumentParser) -> None:
    add_data_options(compare, "by which the models are scored, too", votes=True)
    add_compare_options(compare)
    compare.set_defaults(command=commands.compare, after_stop=train.same_command)


def _add_limits(limits: argparse.ArgumentParser) -> None:
    add_data_options(limits, "by which the labels are judged", votes=True)
    limits.set_defaults(command=commands.limits)


def _add_hear_fit(hear_fit: argparse.ArgumentParser) -> None:
    hear_fit.add_argument(
        "--people", type=Path, required=True, help="a folder with people.csv and midi/", metavar="FOLDER"
    )
    hear_fit.add_argument(
        "--sounds",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="the folder in which what was rendered and measured is kept",
    )
    hear_fit.add_argument(
        "--sound-font",
        type=Path,
        action="append",
        metavar="FILE.sf2",
        help="the instruments; a second one plays every third arrangement",
        required=True,
    )
    hear_fit.add_argument("--out", type=Path, required=True, metavar="FILE.json", help="the model to write")
    hear_fit.add_argument(
        "--plot", type=Path, metavar="FILE.png", help="plot what the box hears against what people say"
    )
    hear_fit.set_defaults(command=commands.hear_fit)
