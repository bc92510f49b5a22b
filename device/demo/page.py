"""The page of the demo's box, which a process of its own serves to this computer alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from device.demo.workplace import Workplace

STOP_TIMEOUT_S = 5.0


@dataclass
class Page:
    """The page that is served.

    Attributes:
        address: A link that lets one browser in; "" until the page is there.
    """

    address: str = ""


@contextmanager
def page(place: Workplace) -> Iterator[Page]:
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
    served = Page()
    threading.Thread(target=_read_links, args=(process, served), name="page", daemon=True).start()
    try:
        yield served
    finally:
        process.terminate()
        try:
            process.wait(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _read_links(process: subprocess.Popen[str], served: Page) -> None:
    """Keep the page's link: the first once the page is there, and another each time one was used."""
    assert process.stdout
    for line in process.stdout:
        served.address = line.strip().removeprefix("open ")
