"""`make bench-sound`: the time to analyze a song, and the songs in the order of their energy.

`make bench-sound FOLDER=...` for songs of your own, else for those that the demo makes. No test.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

import msgspec
import psutil

import device
from device.config.settings import Service, Settings
from device.demo.server import PrivateMpd
from device.demo.songs import make_library
from device.library.audio.affect import audio_affect_of
from device.library.audio.client import AudioClient
from device.library.audio.features import Features
from device.library.index import LibraryIndex
from device.library.scan import scan
from device.library.tag_affect import read_lexicon
from device.mpd.connection import connected
from tests.bench import MIB, PICTURES, bench_presses, daemon, machine, peak_memory

COPIES = 100  # of the folder, so that the analysis takes longer than the benchmark


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    folder = parser.parse_args().folder
    print(f"moodbox {device.__version__} on {machine()}\n")
    with tempfile.TemporaryDirectory(prefix="moodbox-bench-") as name:
        if folder is None:
            folder = Path(name)
            make_library(folder)
        bench(folder)
        bench_box(folder, Path(name) / "box")


def bench(folder: Path) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    analyzed: list[tuple[Path, Features]] = []
    faults: list[tuple[Path, str]] = []
    walls, used = [], []
    with closing(AudioClient()) as client:
        for path in paths:
            start, before = time.perf_counter(), processor_time()
            answer = client.analyze(path)
            walls.append(time.perf_counter() - start)
            if before is not None and (after := processor_time()) is not None:
                used.append(after - before)
            if isinstance(answer, Features):
                analyzed.append((path, answer))
            else:
                faults.append((path, answer))
        peak = max((peak_memory(process.pid) for process in psutil.Process().children()), default=0)
    if analyzed:
        print("energy valence  loudness  bright  onsets   tempo  pulse   mode")
    for path, sound in sorted(analyzed, key=lambda each: audio_affect_of(each[1]).energy):
        affect = audio_affect_of(sound)
        print(
            f"{affect.energy:6.2f} {affect.valence:7.2f} {sound.loudness:9.1f} {sound.brightness:7.2f}"
            f" {sound.onsets:7.1f} {sound.tempo:7.0f} {sound.pulse:6.2f} {sound.mode:+6.2f}"
            f"  {path.relative_to(folder)}"
        )
    for path, fault in faults:
        print(f"no result for {path.relative_to(folder)}: {fault}")
    if len(used) > 1:
        print(
            f"\na song, of {len(paths)}: processor time median {statistics.median(used):.2f} s, worst"
            f" {max(used):.2f} s; in all, at idle priority, median {statistics.median(walls):.2f} s"
        )
        print(f"peak memory of the audio worker: {peak / MIB:.0f} MiB")


def bench_box(songs: Path, folder: Path) -> None:
    """Measure a box with and without the analysis of songs."""
    print()
    with PrivateMpd(folder) as server:
        for number in range(COPIES):
            (server.music / str(number)).symlink_to(songs)
        count = server.update()
        for analyzes in (False, True):
            state = folder / str(analyzes)
            settings = Settings(
                music=msgspec.structs.replace(server.link, listen=analyzes),
                service=Service(socket=f"{state}.sock", state=str(state)),
            )
            with closing(LibraryIndex.open(state)) as index, connected(server.link) as client:
                for _ in scan(client, index, read_lexicon(), server.address):
                    pass  # so that only the analysis is left to do
            print(f"while it {'analyzes' if analyzes else 'does not analyze'} {count} songs")
            bench_presses(settings)
            path = state.with_suffix(".toml")
            path.write_text(
                f'[camera]\nsource = "images:{PICTURES[0]}"\n[music]\naddress = "{server.address}"\n'
                f"listen = {str(analyzes).lower()}\n"
                f'[service]\nsocket = "{state}.sock"\nstate = "{state}"\n'
            )
            with daemon(path, folder, []) as (_, pid):
                time.sleep(20)
                print(f"peak memory of the daemon  {peak_memory(pid) / MIB:.0f} MiB")
            with closing(LibraryIndex.open(state)) as index:
                print(f"songs analyzed meanwhile  {index.analysis_counts()[0]}\n")


def processor_time() -> float | None:
    """Return the processor time of the audio worker; None before it is started."""
    for process in psutil.Process().children():
        times = process.cpu_times()
        return float(times.user + times.system)
    return None


if __name__ == "__main__":
    main()
