"""The commands: each takes its options, does the work, and prints or writes the result.

Keras and TensorFlow take seconds to load. Each command imports what it needs, so that --help answers at once.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from converter.cli.data_options import left_out, read_all
from converter.data.dataset import read
from converter.errors import DataError, RunError
from converter.measure.photos import PEOPLE_FILE, read_photos
from converter.measure.scenes import NAMES
from converter.networks import backend
from converter.progress import announce
from converter.training.run_folder import BEST, check_writable, read_recipe
from device.config import settings
from device.mood import Mood


def quantize(options: argparse.Namespace) -> None:
    """Make the box's model of one or more runs."""
    backend.check_installed()
    known = [Mood(mood) for mood in read_recipe(options.run[0]).moods]
    check_writable(options.out.parent)
    splits = read_all(options, known)
    learned = splits["Training"]
    if options.moods and options.moods != tuple(known):
        print(f"restricted to {', '.join(options.moods)}:")
        splits = read_all(options, options.moods)
    backend.load()
    from converter.quantize.card_summary import summary
    from converter.quantize.export import Choices, export

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


def mistakes_of_quantize(options: argparse.Namespace) -> Iterator[str]:
    """Yield a line for each mistake in the names that `quantize` is given."""
    if options.out.suffix != ".tflite":
        yield f"--out {options.out}: expected a name that ends in .tflite"
    for run in options.run:
        if run.is_dir():
            try:
                read_recipe(run)
            except RunError as error:
                yield str(error)
            else:
                if not (run / BEST).exists():
                    yield f"--run {run}: has no {BEST} yet; let the run finish an epoch first"


def evaluate(options: argparse.Namespace) -> None:
    """Score a model on one split: by FER2013's labels, and by FER+'s votes if they are given."""
    from converter.measure import by_votes, evaluation

    moods = evaluation.labels_of(options.model)
    if options.picture:
        check_writable(options.picture.parent)
    _check_known("--prior", [mood for mood, _ in options.prior or ()], options.model, moods)
    # FER+ says of faces with any label that they are happy.
    known = tuple(Mood) if options.votes else moods
    everything = read(options.data, [options.split], known, votes=options.votes)[options.split]
    if options.model.suffix == ".keras":
        backend.load()
    answers = evaluation.probabilities(
        options.model, everything.images, options.runtime, options.votes_share, mirrored=options.mirrored
    )
    labelled = everything.restrict_to(moods)
    scores = evaluation.score(moods, labelled.labels, answers[everything.is_of(moods)])
    prior = dict(options.prior or evaluation.prior_of(options.model))
    by_people = by_votes.measure(everything, moods, answers, prior) if options.votes else []
    if options.picture:
        from converter.measure import plots

        subject = f"{options.model.stem}, {everything.name}"
        plots.confusion(np.array(scores.confusion), scores.labels, subject, options.picture)
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
    if options.out:
        check_writable(options.out.parent)
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
        names = options.condition or NAMES
        for number, name in enumerate(names, start=1):
            announce(f"{name}: {len(chosen)} photos (condition {number} of {len(names)})")
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
            announce(f"{name}, nobody there: {len(pictures)} pictures")
            empty.append(empty_scenes.measure(analyzer, pictures, name))
            _print_json(options, empty[-1].as_dict())
        tables.append(empty_scenes.table(empty))
    markdown = "\n\n".join(tables)
    if not options.json:
        print(f"{title}\n\n{markdown}")
    if options.out:
        options.out.with_suffix(".md").write_text(f"# {title}\n\n{markdown}\n", encoding="utf-8")


def compare(options: argparse.Namespace) -> None:
    """Train, quantize and measure several methods under one protocol."""
    from converter.cli import compare as side_by_side

    moods = options.moods or tuple(Mood)
    side_by_side.compare(options, lambda: read_all(options, moods))


def corrections(options: argparse.Namespace) -> None:
    """Print what it brings if people whom the box reads badly correct it."""
    from converter.data.ferplus import majority
    from converter.measure import by_votes, evaluation
    from converter.measure import corrections as simulation

    backend.check_installed()
    moods, prior = evaluation.labels_of(options.model), evaluation.prior_of(options.model)
    backend.load()
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

    splits = read(options.data, ("Training", "PrivateTest"), tuple(Mood), left_out(options), options.votes)
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
