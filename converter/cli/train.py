"""The command `train`: its options, which of them go together, and how a stopped run goes on."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from converter.cli import argument_types as types
from converter.cli.data_options import add_data_options, read_all
from converter.errors import RunError
from converter.networks import backend
from converter.networks.backend import BACKENDS, PRECISIONS
from converter.networks.names import DESCRIPTIONS, described
from converter.training.recipes import RECIPES, Recipe, recipe_needs
from converter.training.run_folder import (
    BEST,
    LAST,
    RECIPE,
    check_claim,
    epochs_done,
    is_finished,
    mood_indices,
    read_recipe,
)
from device.mood import Mood

# The options that change a recipe, and its fields.
CHANGES = {
    "network": "network",
    "moods": "moods",
    "epochs": "epochs",
    "batch": "batch",
    "learning_rate": "learning_rate",
    "seed": "seed",
    "precision": "precision",
    "start": "initial_models",
    "teacher": "teachers",
}
DEFAULT = "paper"


def train(options: argparse.Namespace) -> None:
    """Train a network, or resume a run."""
    if options.backend:
        backend.choose(options.backend)
    backend.check_installed()
    check_claim(options.out, resume=options.resume)
    recipe = _recipe(options)
    if options.resume and is_finished(options.out):
        print(f"{options.out}: this run is finished, all {recipe.epochs} epochs; {_advice(options.out)}")
        return
    _check_models(recipe)
    splits = read_all(options, [Mood(mood) for mood in recipe.moods])
    backend.load()
    from converter.training import trainer

    if not options.resume and not options.precision:
        recipe = msgspec.structs.replace(recipe, precision=backend.fast_precision(recipe.precision))
    trainer.train(
        options.out,
        recipe,
        splits["Training"],
        splits["PublicTest"],
        resume=options.resume,
        backgrounds=options.backgrounds,
        workers=options.workers,
    )
    print(f"best model: {options.out / BEST}")


def _check_models(recipe: Recipe) -> None:
    """Check that the models of other runs fit, by what these runs say of themselves. Raises RunError."""
    mood_indices(recipe.teachers, recipe.moods)
    for path in mood_indices(recipe.initial_models, recipe.moods):
        network = read_recipe(path.parent).network
        if network != recipe.network:
            raise RunError(f"{path}: contains the network {network}, but this run trains {recipe.network}")


def mistakes(options: argparse.Namespace) -> Iterator[str]:
    """Yield a line for each mistake in what the options ask for together."""
    if options.resume and not (options.out / RECIPE).exists():
        return  # said by `check_claim`
    recipe = _recipe(options)
    if options.resume:
        yield from _contradictions(options, recipe)
        if is_finished(options.out):
            return  # it needs nothing more
        if epochs_done(options.out) > 1 and not (options.out / LAST).exists():
            yield f"{options.out}: has no {LAST}, from which a run goes on; start one in another --out"
    asked = "" if options.resume else options.recipe or DEFAULT
    name = f"--recipe {asked}" if asked else f"{options.out}: the run"
    for option, need in recipe_needs(recipe, asked).items():
        if getattr(options, option) is None:
            yield f"{name} needs {need} with --{option}"
    if recipe.epochs <= recipe.warmup_epochs:
        yield (
            f"--epochs {recipe.epochs}: {name} needs {recipe.warmup_epochs} epochs to warm up; "
            f"ask for {recipe.warmup_epochs + 1} or more"
        )


def _recipe(options: argparse.Namespace) -> Recipe:
    """The recipe of the run in --out if it is resumed, else the one that the options ask for."""
    return read_recipe(options.out) if options.resume else _asked(options)


def _asked(options: argparse.Namespace) -> Recipe:
    name = options.recipe or DEFAULT
    changes = {CHANGES[option]: value for option, value in _given(options).items()}
    return msgspec.structs.replace(RECIPES[name], recipe=name, **changes)


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """The options that change a recipe and that were given."""
    found = {name: getattr(options, name) for name in CHANGES if getattr(options, name) is not None}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


def _contradictions(options: argparse.Namespace, recipe: Recipe) -> Iterator[str]:
    """Yield a line if options say something else than the recipe of the run that is resumed."""
    given = {
        name: value for name, value in _given(options).items() if getattr(recipe, CHANGES[name]) != value
    }
    begun = [_written(name, getattr(recipe, CHANGES[name])) for name in given]
    refused = [_written(name, value) for name, value in given.items()]
    if options.recipe and not _is_of(recipe, options.recipe):
        begun.append(f"--recipe {recipe.recipe}" if recipe.recipe else "another recipe")
        refused.append(f"--recipe {options.recipe}")
    if refused:
        advice = f"; {_advice(options.out)}" if "epochs" in given else ""
        yield f"{options.out}: was begun with {', '.join(begun)}; leave out {' '.join(refused)}{advice}"


def _is_of(recipe: Recipe, name: str) -> bool:
    """Whether a run's recipe may be the one of this name, changed by options; an older one does not say."""
    if recipe.recipe:
        return recipe.recipe == name
    changes = {field: getattr(recipe, field) for field in CHANGES.values()}
    return recipe == msgspec.structs.replace(RECIPES[name], **changes)


def _written(name: str, value: Any) -> str:
    """An option as it is written, or that it was not given."""
    option = f"--{name.replace('_', '-')}"
    if name == "moods":
        value = (",".join(value),)
    values = value if isinstance(value, tuple) else (value,)
    return " ".join(f"{option} {shlex.quote(str(each))}" for each in values) or f"no {option}"


def _advice(run: Path) -> str:
    return f"to train it further, start a new run from it: --start {run / BEST} --out FOLDER"


def after_stop(options: argparse.Namespace) -> str:
    """Say how to go on after Ctrl-C."""
    if not (options.out / RECIPE).exists():
        return " before the run began; the same command starts it again"
    recipe = read_recipe(options.out)
    done = epochs_done(options.out) if (options.out / LAST).exists() else 0
    words = ["moodbox-converter", "train", "--resume", "--out", options.out]
    for name in ("data", "votes", "leave_out", "backgrounds", "backend"):
        if value := getattr(options, name):
            words += [f"--{name.replace('_', '-')}", value]
    if options.workers > 1:
        words += ["--workers", options.workers]
    return f" after {done} of {recipe.epochs} epochs; continue with: {shlex.join(map(str, words))}"


def same_command(options: argparse.Namespace) -> str:
    """Say how to go on after Ctrl-C where nothing needs to be named again."""
    return "; the same command goes on"


def add_train(command: argparse.ArgumentParser) -> None:
    """Add the options of `train`."""
    add_data_options(command, "which all recipes but `paper` learn from, too")
    command.add_argument(
        "--out", type=Path, required=True, help="the folder of the run, which is made if it is not there"
    )
    command.add_argument(
        "--recipe",
        choices=tuple(RECIPES),
        metavar="NAME",
        help=f"how the network is trained, one of {', '.join(RECIPES)} (default: {DEFAULT}); "
        "docs/training.md describes them, and the options below change them",
    )
    command.add_argument(
        "--network",
        choices=tuple(DESCRIPTIONS),
        metavar="NAME",
        help=f"which network is trained (default: the recipe's), one of {described()}",
    )
    command.add_argument(
        "--moods",
        type=types.moods,
        metavar="A,B,…",
        help="the moods that the network learns to tell, in the order of its outputs (default: the recipe's)",
    )
    command.add_argument(
        "--epochs", type=types.positive, help="how often all faces are learned from (default: the recipe's)"
    )
    command.add_argument(
        "--batch", type=types.positive, help="how many faces one step learns from (default: the recipe's)"
    )
    command.add_argument(
        "--learning-rate",
        type=types.rate,
        help="the highest learning rate; it falls to 0 along a cosine (default: the recipe's)",
    )
    command.add_argument(
        "--seed",
        type=types.seed,
        help="the number that all randomness follows from: the first weights, the order of the faces and the "
        "changes to them (default: the recipe's)",
    )
    add_computing_options(command, "the recipe's")
    command.add_argument(
        "--start",
        action="append",
        metavar="MODEL",
        help="start from the weights of this .keras file of another run; repeat it to start from the mean of "
        "several (default: random weights)",
    )
    command.add_argument(
        "--teacher",
        action="append",
        metavar="MODEL",
        help="also learn the predictions of this .keras file of another run (distillation); may be repeated",
    )
    command.add_argument(
        "--backgrounds",
        type=Path,
        metavar="FOLDER",
        help="pictures without people, which the recipes `faces` and `face-output` need to learn what is a "
        "face",
    )
    command.add_argument(
        "--resume",
        action="store_true",
        help="go on with the stopped run in --out, as it was begun: apart from --out only the data and "
        "pictures are named again",
    )
    command.set_defaults(command=train, mistakes=mistakes, after_stop=after_stop)


def add_computing_options(command: argparse.ArgumentParser, precision: str) -> None:
    """Add --backend, --workers and --precision; `precision` says what that is by default."""
    command.add_argument(
        "--backend",
        choices=tuple(BACKENDS),
        help="the library that computes: tensorflow (default), torch, or jax, which uses several GPUs",
    )
    command.add_argument(
        "--workers",
        type=types.positive,
        default=1,
        metavar="N",
        help="how many processes prepare the pictures; the result is the same (default: 1)",
    )
    add_precision_option(command, precision)


def add_precision_option(command: argparse.ArgumentParser, default: str) -> None:
    """Add --precision; `default` says what is computed in without it."""
    command.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="the numbers to compute with: float32, or mixed_bfloat16, which are half as long, and faster "
        f"where the processor or GPU has them (default: {default}, but float32 where it has not)",
    )
