"""`compare` trains each method under one protocol, goes on after a stop, and prints what it has measured."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from converter.cli import main as cli
from converter.comparison import protocol
from converter.comparison.methods import METHODS, Method
from converter.comparison.store import read_scores
from converter.data.augmentation import Augmentation
from converter.data.dataset import read
from converter.data.labels import SPLITS
from converter.networks.architectures import NETWORKS
from converter.training import checkpoints
from converter.training.run_folder import read_history, read_recipe
from converter.training.trainer import train
from device.vision.model_card import read_card
from tests.converter import drawn, small_network
from tests.converter.conftest import Refusal

EPOCHS = 3

pytestmark = pytest.mark.training  # it trains several networks


@pytest.fixture(scope="module", autouse=True)
def small_method() -> object:
    """Adds the small network to the methods, and lets it learn from a hundred faces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METHODS, small_network.NAME, Method("somebody", "100 % of something"))
        quick = msgspec.structs.replace(
            protocol.PROTOCOL, batch=8, learning_rate=0.03, augmentation=Augmentation()
        )
        patch.setattr(protocol, "PROTOCOL", quick)
        yield


def command(fer2013: Path, votes: Path, folder: Path, *options: str) -> list[str]:
    written = (
        f"compare --data {fer2013} --votes {votes} --out {folder}/models --runs {folder}/runs "
        f"--method {small_network.NAME} --epochs {EPOCHS} --moods happy,neutral,sad"
    )
    return [*written.split(), *options]


@pytest.fixture(scope="module")
def compared(fer2013: Path, votes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a comparison that was stopped in its second epoch, and went on."""
    folder = tmp_path_factory.mktemp("comparison")
    with pytest.MonkeyPatch.context() as patch:

        def stop(self: checkpoints.Checkpoints, batch: int, logs: object = None) -> None:
            if len(self._history) == 1:
                raise KeyboardInterrupt

        patch.setattr(checkpoints.Checkpoints, "on_train_batch_end", stop)
        with pytest.raises(KeyboardInterrupt):
            cli.main(command(fer2013, votes, folder))
    assert len(read_history(folder / "runs" / "small-1")) == 1
    assert not list((folder / "models").glob("*.tflite"))
    assert cli.main(command(fer2013, votes, folder)) == 0
    return folder


def test_a_comparison_that_was_stopped_gives_the_same_as_one_that_was_not(
    compared: Path, fer2013: Path, votes: Path, tmp_path: Path
) -> None:
    splits = read(fer2013, SPLITS, drawn.MOODS, votes=votes)
    recipe = read_recipe(compared / "runs" / "small-1")
    train(tmp_path / "whole", recipe, splits["Training"], splits["PublicTest"], resume=False)
    assert read_history(compared / "runs" / "small-1") == read_history(tmp_path / "whole")


def test_every_method_is_trained_by_the_same_recipe(tmp_path: Path) -> None:
    comparison = protocol.Comparison(protocol.PROTOCOL, tmp_path, tmp_path)
    recipes = {
        msgspec.structs.replace(comparison.recipe_of(name, 1), network="", precision="")
        for name in METHODS
        if name in NETWORKS
    }
    assert len(recipes) == 1


def test_the_model_can_run_on_the_box_and_its_card_says_how_it_was_trained(compared: Path) -> None:
    card = read_card(compared / "models" / "small-1.tflite")
    assert card.labels == drawn.MOODS
    (recipe,) = card.about["recipes"]
    assert (recipe["network"], recipe["epochs"], recipe["epochs_done"]) == (
        small_network.NAME,
        EPOCHS,
        EPOCHS,
    )


def test_nothing_is_trained_or_measured_twice(
    compared: Path, fer2013: Path, votes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = [path for path in compared.rglob("*small*") if path.suffix != ".png"]
    before = {path: path.stat().st_mtime_ns for path in kept}
    assert cli.main(command(fer2013, votes, compared)) == 0
    printed = capsys.readouterr()
    assert {path: path.stat().st_mtime_ns for path in kept} == before
    assert "measuring" not in printed.err
    assert "epoch" not in printed.out.casefold()
    assert printed.out.strip().endswith((compared / "models" / "table.md").read_text().strip())


def test_the_table_has_the_scores_that_were_kept_and_the_claim_beside_them(compared: Path) -> None:
    (line,) = (
        line
        for line in (compared / "models" / "table.md").read_text().splitlines()
        if line.startswith("| `small` | somebody | 1 |")
    )
    scores = read_scores(compared / "models")["small-1"]
    assert f"| {100 * scores.labels.value:.1f} ± " in line
    assert line.endswith("| - | - | 100 % of something |")  # neither instructions nor photos
    assert sum(map(sum, scores.confusion)) == drawn.SIZES["PrivateTest"]
    pictures = {path.name for path in (compared / "models").glob("*.png")}
    assert pictures == {"table.png", "designs.png", "confusion-best.png"}


def test_instructions_are_in_the_table_and_the_table_in_the_page(
    compared: Path, fer2013: Path, votes: Path, tmp_path: Path
) -> None:
    scores = read_scores(compared / "models")["small-1"]
    counted = compared / "models" / "instructions.json"
    counted.write_text(json.dumps({scores.sha256: 12.34}))
    page = tmp_path / "page.md"
    page.write_text("# Title\n<!-- table by compare -->\nold\n<!-- end of the table -->\nrest\n")
    assert cli.main(command(fer2013, votes, compared, "--no-training", "--page", str(page))) == 0
    written = (compared / "models" / "table.md").read_text()
    assert " | 12.3 M | - | 100 % of something |" in written
    assert page.read_text() == (
        f"# Title\n<!-- table by compare -->\n{written}<!-- end of the table -->\nrest\n"
    )


def test_a_page_without_a_place_for_the_table_is_refused(
    compared: Path, fer2013: Path, votes: Path, tmp_path: Path, refusal: Refusal
) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Title\n")
    line = refusal(*command(fer2013, votes, compared, "--no-training", "--page", str(page)), code=2)
    assert "page.md: expected the lines <!-- table by compare --> and" in line


def test_a_model_that_was_trained_in_another_way_is_not_mixed_in(
    compared: Path, fer2013: Path, votes: Path, refusal: Refusal
) -> None:
    line = refusal(*command(fer2013, votes, compared, "--epochs", "9"), code=2)
    assert "small-1.tflite: was trained with another value of epochs" in line


def test_a_model_beside_whose_card_does_not_tell_its_network_is_refused_before_anything_is_trained(
    compared: Path, fer2013: Path, votes: Path, tmp_path: Path, refusal: Refusal
) -> None:
    shutil.copy(compared / "models" / "small-1.tflite", tmp_path)
    card = json.loads((compared / "models" / "small-1.json").read_text())
    (tmp_path / "small-1.json").write_text(json.dumps(card | {"about": {}}))
    line = refusal(*command(fer2013, votes, tmp_path, "--beside", f"{tmp_path}/small-1.tflite"), code=1)
    assert "small-1.tflite: its card does not name one known network" in line
    assert not (tmp_path / "runs").exists()


def test_without_a_model_there_is_nothing_to_measure(
    fer2013: Path, votes: Path, tmp_path: Path, refusal: Refusal
) -> None:
    line = refusal(*command(fer2013, votes, tmp_path, "--no-training"), code=2)
    assert "no model of these methods is there" in line
