"""The commands: each takes its options, does the work, and prints or writes the result.

Keras and TensorFlow take seconds to load. Each command imports what it needs, so that --help answers at once.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from converter.data.dataset import Split, read, read_row_numbers
from converter.data.labels import SPLITS
from converter.data.near_duplicates import has_near_duplicate
from converter.errors import DataError, RunError
from converter.measure.photos import PEOPLE_FILE, read_photos
from converter.measure.scenes import NAMES
from converter.networks import backend
from converter.training.recipes import RECIPES
from converter.training.run_folder import BEST, RECIPE, check_claim, check_writable, read_recipe
from device.config import settings
from device.mood import Mood


def train(options: argparse.Namespace) -> None:
    """Train a network, or resume a run."""
    if options.backend:
        backend.choose(options.backend)
    from converter.networks.architectures import FITTED, NETWORKS
    from converter.training import trainer

    if options.recipe not in RECIPES:
        raise RunError(f"--recipe {options.recipe}: unknown; there are {', '.join(RECIPES)}")
    trained = [name for name in NETWORKS if name not in FITTED]
    if options.network and options.network not in trained:
        raise RunError(f"--network {options.network}: unknown; there are {', '.join(trained)}")
    names = ("network", "moods", "epochs", "batch", "learning_rate", "seed", "precision")
    changes = {name: value for name in names if (value := getattr(options, name)) is not None}
    recipe = msgspec.structs.replace(
        RECIPES[options.recipe],
        **changes,
        initial_models=tuple(options.start or ()),
        teachers=tuple(options.teacher or ()),
    )
    if not options.precision:
        started = options.resume and (options.out / RECIPE).exists()
        precision = (
            read_recipe(options.out).precision if started else backend.fast_precision(recipe.precision)
        )
        recipe = msgspec.structs.replace(recipe, precision=precision)
    if recipe.epochs <= recipe.warmup_epochs:
        raise RunError(
            f"--epochs {recipe.epochs}: this recipe needs {recipe.warmup_epochs} epochs to warm up; "
            f"ask for {recipe.warmup_epochs + 1} or more"
        )
    # Before the data are read, which takes a minute.
    if recipe.votes_weight and options.votes is None:
        raise RunError("the recipe needs FER+'s votes; name fer2013new.csv with --votes")
    check_claim(options.out, recipe, resume=options.resume)
    splits = _read_all(options, [Mood(mood) for mood in recipe.moods])
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


def quantize(options: argparse.Namespace) -> None:
    """Make the box's model of one or more runs."""
    from converter.quantize.card_summary import summary
    from converter.quantize.export import Choices, export

    known = [Mood(mood) for mood in read_recipe(options.run[0]).moods]
    if options.out.suffix != ".tflite":
        raise RunError(f"--out {options.out}: expected a name that ends in .tflite")
    check_writable(options.out.parent)
    splits = _read_all(options, known)
    learned = splits["Training"]
    if options.moods and options.moods != tuple(known):
        print(f"restricted to {', '.join(options.moods)}:")
        splits = _read_all(options, options.moods)
    choices = Choices(
        target_precision=options.target_precision,
        votes_share=options.votes_share,
        margin=options.margin,
        prior=dict(options.prior or ()),
        face_threshold=options.face_threshold,
        photos=options.photos,
        seed=options.seed,
        moods=options.moods,
    )
    card = export(options.run, splits, options.out, choices, learned)
    print(summary(card))
    print(f"written: {options.out} and its files")


def evaluate(options: argparse.Namespace) -> None:
    """Score a model on one split: by FER2013's labels, and by FER+'s votes if they are given."""
    from converter.measure import by_votes, evaluation

    moods = evaluation.labels_of(options.model)
    _check_known("--prior", [mood for mood, _ in options.prior or ()], options.model, moods)
    # FER+ says of faces with any label that they are happy.
    known = tuple(Mood) if options.votes else moods
    everything = read(options.data, [options.split], known, votes=options.votes)[options.split]
    answers = evaluation.probabilities(
        options.model, everything.images, options.runtime, options.votes_share, mirrored=options.mirrored
    )
    labelled = everything.restrict_to(moods)
    scores = evaluation.score(moods, labelled.labels, answers[everything.is_of(moods)])
    prior = dict(options.prior or evaluation.prior_of(options.model))
    by_people = by_votes.measure(everything, moods, answers, prior) if options.votes else []
    if options.picture:
        from converter.measure import plots

        title = f"{options.model.stem}, {everything.name}: {100 * scores.accuracy:.1f} %"
        plots.confusion(np.array(scores.confusion), scores.labels, title, options.picture)
    if options.json:
        printed = {"model": str(options.model), "split": everything.name} | scores.as_dict()
        printed["errors"] = scores.errors()
        if by_people:
            printed |= {"prior": prior, "votes": [each.as_dict() for each in by_people]}
        print(json.dumps(printed))
        return
    print(f"{options.model} on {everything.name}")
    if by_people:
        print(f"{by_votes.report(by_people, prior)}\n\nby FER2013's labels, without the prior")
    print(scores.table())


def conditions(options: argparse.Namespace) -> None:
    """Score a model on photos under each condition, and on scenes with nobody in them."""
    from converter.measure import conditions as with_people
    from converter.measure import empty_scenes
    from device.vision.observation import FaceAnalyzer

    if not options.photos and not options.scenes:
        raise DataError("nothing to look at: give --photos FOLDER, --scenes FOLDER or both")
    analyzer = FaceAnalyzer(settings.Model(path=str(options.model)), settings.Look())
    _check_known("--moods", options.moods or (), options.model, analyzer.card.labels)
    title, tables = analyzer.card.name, []
    if options.photos:
        photo_set = read_photos(options.photos)
        if not photo_set.knows_people:
            print(
                f"{options.photos}: no {PEOPLE_FILE}, so each photo counts as another person's",
                file=sys.stderr,
            )
        chosen = photo_set.half(options.half)
        title += (
            f" on {len(chosen)} photos of {len({photo.person for photo in chosen})} people for {options.half}"
        )
        results = []
        for name in options.condition or NAMES:
            results.append(with_people.measure(analyzer, chosen, name, options.moods))
            _print_json(options, results[-1].as_dict())
        tables.append(with_people.table(results))
        if options.out:
            from converter.measure import plots

            plots.conditions(results, title, options.out.with_suffix(".png"))
    if options.scenes:
        pictures = empty_scenes.read_pictures(options.scenes)
        empty = []
        for name in empty_scenes.NAMES:
            empty.append(empty_scenes.measure(analyzer, pictures, name))
            _print_json(options, empty[-1].as_dict())
        tables.append(empty_scenes.table(empty))
    markdown = "\n\n".join(tables)
    if not options.json:
        print(markdown)
    if options.out:
        options.out.with_suffix(".md").write_text(f"# {title}\n\n{markdown}\n", encoding="utf-8")


def compare(options: argparse.Namespace) -> None:
    """Train, quantize and measure several methods under one protocol."""
    from converter.cli import compare as side_by_side

    moods = options.moods or tuple(Mood)
    side_by_side.compare(options, lambda: _read_all(options, moods))


def corrections(options: argparse.Namespace) -> None:
    """Print what it brings if people whom the box reads badly correct it."""
    from converter.data.ferplus import majority
    from converter.measure import by_votes, evaluation
    from converter.measure import corrections as simulation

    moods, prior = evaluation.labels_of(options.model), evaluation.prior_of(options.model)
    network = evaluation.feature_network(options.run / BEST)
    split = read(options.data, ["PublicTest"], tuple(Mood), votes=options.votes)["PublicTest"]
    assert split.vote_counts is not None
    faces, truth = majority(split.vote_counts, moods)
    images = split.images[faces]
    answers = by_votes.with_prior(evaluation.probabilities(options.model, images), moods, prior)
    people = simulation.people(network(images), truth[faces], answers.astype(np.float64))
    if len(people) < simulation.LEAST_PEOPLE:
        raise DataError(f"{options.data}: PublicTest has too few faces for clusters that stand for people")
    print(f"{options.model} on {len(images)} faces of PublicTest, in clusters that stand for people")
    print(simulation.report(people, moods))


def _check_known(option: str, moods: Sequence[Mood], model: Path, known: Sequence[Mood]) -> None:
    if unknown := sorted(set(moods) - set(known)):
        raise RunError(f"{option} {', '.join(unknown)}: {model} knows {', '.join(known)}")


def _print_json(options: argparse.Namespace, result: dict[str, Any]) -> None:
    if options.json:
        print(json.dumps(result), flush=True)


def limits(options: argparse.Namespace) -> None:
    """Print what limits the meaning of a score on PrivateTest."""
    from converter.measure import human_agreement, label_quality

    splits = read(options.data, ("Training", "PrivateTest"), tuple(Mood), _left_out(options), options.votes)
    test = splits["PrivateTest"]
    reports = [
        label_quality.measure(test, splits["Training"], moods).report() for moods in label_quality.MOOD_SETS
    ]
    reports += [human_agreement.measure(test, rule).report() for rule in human_agreement.RULES]
    print(*reports, sep="\n\n")


def hear_fit(options: argparse.Namespace) -> None:
    """Fit the model of song affect to pieces that people have judged, and print how well it agrees."""
    from converter.songs import blend, fitting, plot
    from converter.songs.people import read_pieces
    from converter.songs.sounds import measure_all

    pieces = read_pieces(options.people)
    measured = list(measure_all(pieces, options.sound_font, options.sounds))
    result = fitting.fit(pieces, measured)
    print("correlation with people, for games and instruments that were left out of the fit")
    print(f"{'version':14}{'valence':>9}{'energy':>9}")
    valence, energy = (result.agreement[side] for side in ("valence", "energy"))
    for version, correlation in valence.by_version.items():
        print(f"{version:14}{correlation:9.3f}{energy.by_version[version]:9.3f}")
    print(f"{'arrangements':14}{valence.arranged:9.3f}{energy.arranged:9.3f}  all together")
    print(f"{'':14}{valence.by_arrangement:9.3f}{energy.by_arrangement:9.3f}  mean of each alone")
    print(f"{'before mp3':14}{valence.before_mp3:9.3f}{energy.before_mp3:9.3f}  the same sounds, not encoded")
    print(
        f"{'explained':14}{valence.r_squared:9.3f}{energy.r_squared:9.3f}  of the variance, over all versions"
    )
    print("\nenergy of all arrangements together, with these measures taken from the piece on the piano")
    for names in (("onsets",), ("flux",), ("onsets", "flux"), fitting.CANDIDATES["energy"]):
        exact = fitting.fit(pieces, fitting.as_by_piano(measured, names)).agreement["energy"]
        print(f"{exact.arranged:9.3f}  {', '.join(names)}")
    print("\ndistance from people in the plane, for a library with a share of genres drawn by chance")
    print(f"{'by chance':14}{'tags':>9}{'sound':>9}{'both':>9}")
    for each in blend.measure(result.agreement, result.model):
        print(f"{f'{100 * each.wrong:.0f} %':<14}{each.tags:9.3f}{each.sound:9.3f}{each.both:9.3f}")
    options.out.write_bytes(msgspec.json.format(msgspec.json.encode(result.model), indent=2) + b"\n")
    if options.plot:
        plot.agreement(result.agreement, [each.version for each in measured], options.plot)


def _left_out(options: argparse.Namespace) -> frozenset[int]:
    return read_row_numbers(options.leave_out) if options.leave_out else frozenset()


def _read_all(options: argparse.Namespace, moods: Sequence[Mood]) -> dict[str, Split]:
    """All three splits; Training without the rows to leave out and without near duplicates of test images."""
    splits = read(options.data, SPLITS, moods, _left_out(options), options.votes)
    tests = (splits["PublicTest"], splits["PrivateTest"])
    everything = splits["Training"]
    test_images = np.concatenate([test.images for test in tests])
    faces = everything.select(~has_near_duplicate(everything.images, test_images))
    print(f"Training    {len(faces)} faces {faces.counts()}")
    print(f"            {len(everything) - len(faces)} more left out: they are in a test split too")
    for split in tests:
        print(f"{split.name:12}{len(split)} faces {split.counts()}")
    if missing := [mood for mood, count in faces.counts().items() if not count]:
        raise DataError(
            f"{options.data}: all images of {', '.join(missing)} in Training are in a test split too"
        )
    return splits | {"Training": faces}
