"""Changes the boot partition of a card, for card.sh.

examine BOOTFS   check it and the options; print the system on the card: its name, its Python, its glibc
wifi BOOTFS      ask for the password of a WLAN, and write the file that the box reads it from
write BOOTFS     write the release, the settings, the songs, and what the Pi runs at its first start
"""

from __future__ import annotations

import argparse
import errno
import os
import re
import shutil
import sys
import tarfile
from pathlib import Path

import card_wlan
from first_start import NO_SPACE, UNSUITABLE, WRONG_USAGE, CardError, command_line, first_run, merged

ROOT = Path(__file__).resolve().parent.parent
SYSTEMS = {"trixie": "trixie 3.13 41", "bookworm": "bookworm 3.11 36"}
"""Of each Raspberry Pi OS its name, its Python's version, and the minor version of its glibc."""

MARKS = {
    "trixie": ("user-data", "meta-data", "network-config"),
    "bookworm": ("firstrun.sh", "custom.toml"),
}
"""Of each system the files that only its cards have."""

SOUND = {
    *(".aac", ".aif", ".aiff", ".ape", ".flac", ".m4a", ".m4b", ".mka", ".mp2", ".mp3", ".mp4"),
    *(".mpc", ".oga", ".ogg", ".opus", ".wav", ".wma", ".wv"),
}
"""How the names of sound files end, to tell a folder of music from another."""

STOPPED = 130
"""The exit code after Ctrl-C, as that of a shell."""
FOLDER = "moodbox"
SETTINGS = "moodbox.toml"
MUSIC = "music.tar"
"""The songs that the box has not yet taken from the card. The name is only given to a complete file."""
MB = 2**20
RESERVE_MB = 40
"""What stays free on the boot partition: Raspberry Pi OS needs room there for its next kernel."""


def suite_of(boot: Path, chosen: str | None) -> str:
    """Return which Raspberry Pi OS is on the card.

    Raises:
        CardError: If nothing tells it.
    """
    if chosen and chosen not in SYSTEMS:
        raise CardError(WRONG_USAGE, f"--suite: '{chosen}' is neither trixie nor bookworm")
    for suite, files in MARKS.items():
        told = [name for name in files if (boot / name).exists()]
        if told and chosen not in (None, suite):  # its first start would run neither way
            raise CardError(
                WRONG_USAGE,
                f"--suite: the card has {suite}, as its file {told[0]} tells: leave --suite {chosen} out,"
                " or write the card again with Raspberry Pi Imager",
            )
        if told:
            return suite
    if chosen:
        return chosen
    raise CardError(
        UNSUITABLE,
        f"{boot} does not tell which Raspberry Pi OS it has: add --suite trixie or --suite bookworm",
    )


def check_partition(boot: Path) -> None:
    """Check that this is the boot partition of a card with a 64 bit system, and that it can be written.

    Raises:
        CardError: If it is not.
    """
    if not boot.is_dir():
        raise CardError(
            WRONG_USAGE, f"{boot} is not a folder: where does this computer show the card's bootfs?"
        )
    for name in ("cmdline.txt", "config.txt"):
        if not (boot / name).is_file():
            raise CardError(
                UNSUITABLE,
                f"{boot} is not the boot partition of Raspberry Pi OS: it has no {name};"
                " write the card with Raspberry Pi Imager first",
            )
    if (boot / "kernel7.img").exists():
        raise CardError(
            UNSUITABLE, f"{boot} has a 32 bit system: write the 64 bit Raspberry Pi OS Lite to the card"
        )
    try:
        (boot / FOLDER).mkdir(exist_ok=True)
        (boot / FOLDER / "try").write_bytes(b"")
        (boot / FOLDER / "try").unlink()
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise CardError(
            UNSUITABLE,
            f"{boot} cannot be written ({error.strerror}): is the card's switch at 'lock',"
            " or has another user mounted it?",
        ) from error


def instructions(boot: Path, suite: str, name: str | None) -> dict[str, str]:
    """Return the content of the files that make the Pi run first-boot.sh: what is there, and what that needs.

    Raises:
        CardError: If what is there cannot be used.
    """

    def text(file: str) -> str:
        try:
            return (boot / file).read_bytes().decode("utf-8-sig")
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError as error:
            raise CardError(
                UNSUITABLE, f"{boot / file} is not text in UTF-8: write the card again"
            ) from error

    if suite == "bookworm":
        return {
            "firstrun.sh": first_run(text("firstrun.sh"), name),
            "cmdline.txt": command_line(text("cmdline.txt")),
        }
    changed = {"user-data": merged(text("user-data"), name)}
    if not (boot / "meta-data").exists():  # early images of Trixie lack it, and cloud-init wants it
        changed["meta-data"] = "instance-id: rpios-image\n"
    return changed


def check_options(options: argparse.Namespace) -> None:
    """Check the options that a person may mistype.

    Raises:
        CardError: If one of them cannot be used.
    """
    if options.name and not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", options.name, re.IGNORECASE):
        raise CardError(
            WRONG_USAGE,
            f"--name: '{options.name}' cannot be the name of a machine: use letters, digits and hyphens"
            + (" (.local comes by itself)" if options.name.lower().endswith(".local") else ""),
        )
    if options.music and not options.music.is_dir():
        raise CardError(WRONG_USAGE, f"--music: {options.music} is not a folder")
    if options.music and not _number_of_songs(_files(options.music)):
        raise CardError(
            WRONG_USAGE,
            f"--music: no songs are in {options.music}: expected files such as .mp3, .ogg or .flac",
        )
    if options.settings:
        _check_settings(options.settings)


def _check_settings(file: Path) -> None:
    if not file.is_file():
        raise CardError(WRONG_USAGE, f"--settings: {file} is not a file")
    sys.path.insert(0, str(ROOT))
    try:
        from device.config.reading import read_settings
        from device.errors import SettingsError
    except ImportError:  # without `make develop` the box alone checks them
        return
    try:
        read_settings(file)
    except SettingsError as error:
        raise CardError(WRONG_USAGE, f"--settings: {error}") from error


def write(boot: Path, suite: str, options: argparse.Namespace) -> None:
    """Write everything but the WLAN. What makes the Pi begin comes last.

    Raises:
        CardError: If there is too little space.
    """
    folder = boot / FOLDER
    changed = instructions(boot, suite, options.name)
    songs = _files(options.music) if options.music else []
    needed = options.release.stat().st_size + sum(song.stat().st_size + 2048 for song in songs)
    replaced = [file for file in folder.iterdir() if songs or file.name != MUSIC]
    free = shutil.disk_usage(boot).free + sum(file.stat().st_size for file in replaced)
    if free < needed + RESERVE_MB * MB:
        hint = "; copy less music along, and the rest later (docs/put-music-on-it.md)" if songs else ""
        raise CardError(
            NO_SPACE, f"{boot} has {free // MB} MB free, and this needs {needed // MB + 1 + RESERVE_MB}{hint}"
        )
    for old in replaced:
        old.unlink()
    if (folder / MUSIC).exists():
        print("moodbox: the songs that are on the card already are kept", flush=True)
    shutil.copyfile(options.release, folder / "release.tar")
    if songs:
        size = sum(song.stat().st_size for song in songs) // MB + 1
        number = _number_of_songs(songs)
        print(f"moodbox: copying {number} {'song' if number == 1 else 'songs'} along, {size} MB", flush=True)
        for link in _visible(options.music):
            if link.is_symlink() and link.is_dir():  # it may lead anywhere, also back
                print(f"moodbox: {str(link)!r} is a link to a folder, and is not copied", flush=True)
        _pack(options.music, songs, folder / "part")
        (folder / "part").rename(folder / MUSIC)
    if not (boot / SETTINGS).exists():
        shutil.copyfile(options.settings or ROOT / "deploy" / SETTINGS, boot / SETTINGS)
    elif options.settings and not options.settings.samefile(boot / SETTINGS):
        shutil.copyfile(options.settings, boot / SETTINGS)
    card_wlan.provide(boot)
    shutil.copyfile(ROOT / "deploy" / "first-boot.sh", folder / "first-boot.sh")
    (folder / "name").write_text(f"{options.release_name}\n")
    for file, text in changed.items():
        (boot / file).write_bytes(text.encode())
    os.sync()


def _number_of_songs(files: list[Path]) -> int:
    return sum(file.suffix.lower() in SOUND for file in files)


def _files(music: Path) -> list[Path]:
    """Return the files below a folder."""
    return [path for path in _visible(music) if path.is_file()]


def _visible(music: Path) -> list[Path]:
    """Return what is below a folder, without what is hidden, such as what macOS adds."""
    return sorted(
        path
        for path in music.rglob("*")
        if not any(part.startswith(".") for part in path.relative_to(music).parts)
    )


def _pack(music: Path, songs: list[Path], target: Path) -> None:
    """Write the songs to a tar file, since FAT does not allow all names. On the box they belong to MPD.

    Of a link to a song it has the song: on the box the link would lead nowhere.
    """
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT, dereference=True) as tar:
        for song in songs:
            entry = tar.gettarinfo(song, str(song.relative_to(music)))
            entry.uname, entry.gname, entry.mode = "mpd", "moodbox", 0o664
            with song.open("rb") as content:
                tar.addfile(entry, content)


def _parsed(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("verb", choices=("examine", "wifi", "write"))
    parser.add_argument("boot", type=Path)
    for name in ("--name", "--suite", "--wifi", "--country", "--release-name"):
        parser.add_argument(name)
    for name in ("--music", "--settings", "--release", "--wifi-password"):
        parser.add_argument(name, type=Path)
    return parser.parse_args(words)


def run(options: argparse.Namespace) -> None:
    """Run a verb.

    Raises:
        CardError: If the card or an option cannot be used.
    """
    check_options(options)
    check_partition(options.boot)
    if options.verb == "wifi":
        card_wlan.write(options.boot, options.wifi, options.country, options.wifi_password)
        return
    suite = suite_of(options.boot, options.suite)
    if options.verb == "write":
        write(options.boot, suite, options)
        return
    instructions(options.boot, suite, options.name)
    print(SYSTEMS[suite])


def main(words: list[str]) -> int:
    """Run a verb, and return its exit code."""
    options = _parsed(words)
    try:
        run(options)
    except CardError as error:
        print(f"moodbox: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:  # card.sh says so
        return STOPPED
    except OSError as error:
        print(f"moodbox: {error.filename or options.boot}: {error.strerror or error}", file=sys.stderr)
        return NO_SPACE if error.errno == errno.ENOSPC else UNSUITABLE
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
