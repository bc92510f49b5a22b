"""The page of the demo's box, which a process of its own serves to this computer alone."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from device.demo.workplace import Workplace

STOP_TIMEOUT_S = 5.0
log = logging.getLogger(__name__)


@contextmanager
def page(place: Workplace) -> Iterator[None]:
    """Serve the page until the block ends, and open it if this computer can show it; nothing waits for it."""
    socket = place.settings.service.socket_path()
    command = [
        sys.executable,
        "-P",
        "-m",
        "window",
        "--socket",
        str(socket),
        "--state",
        str(place.page_state),
    ]
    options = ["--uploads", str(place.uploads), "--port", "0", "--open"]
    if shutil.which("setpriv"):  # it must end with the demo, even if that is killed
        command = ["setpriv", "--pdeathsig", "TERM", *command]
    process = subprocess.Popen(
        [*command, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what a browser has to say would be in the way on the screen
        text=True,
    )
    threading.Thread(target=_log_address, args=(process,), name="page", daemon=True).start()
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _log_address(process: subprocess.Popen[str]) -> None:
    """Log where the page is, as soon as it is there."""
    assert process.stdout
    line = process.stdout.readline().strip()
    if line:
        log.info("the box has a page: %s", line)
