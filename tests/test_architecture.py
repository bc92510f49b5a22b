"""Limits on the size of files and packages.

The layers of imports are in pyproject.toml, and `make lint` checks them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("device", "converter", "window", "room", "home", "tests", "deploy")
FILES = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
PACKAGES = sorted({file.parent for file in FILES})
MAX_LINES = 330
MAX_MODULES = 12


def modules_of(package: Path) -> list[Path]:
    """Return the modules directly in a folder, without __init__.py, conftest.py and files of tests.

    Tests are not counted: a room with twelve modules has at least as many files of tests.
    """
    return [
        file
        for file in package.glob("*.py")
        if file.name not in ("__init__.py", "conftest.py") and not file.name.startswith("test_")
    ]


def test_the_code_is_found() -> None:
    assert {file.relative_to(ROOT).parts[0] for file in FILES} == set(FOLDERS)
    assert any(modules_of(package) for package in PACKAGES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_file_is_short_enough_to_read(file: Path) -> None:
    lines = len(file.read_text().splitlines())
    assert lines <= MAX_LINES, f"{lines} lines, at most {MAX_LINES}: move one of its ideas to another module"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: str(package.relative_to(ROOT)))
def test_a_package_is_small_enough_to_survey(package: Path) -> None:
    count = len(modules_of(package))
    assert count <= MAX_MODULES, f"{count} modules, at most {MAX_MODULES}: give some a package of their own"
