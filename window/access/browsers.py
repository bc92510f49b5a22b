"""The browsers that are paired with the box: only hashes of what their cookies hold are kept."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from device.storage.regular_file import read_regular_file

log = logging.getLogger(__name__)

MAX_BROWSERS = 32
MAX_FILE_BYTES = 1 << 20
SECRET_BYTES = 32
DAY_S = 86400
LAST_S = 10**11  # the year 5138

Hex = Annotated[str, Meta(pattern=r"\A[0-9a-f]+\Z")]
Seconds = Annotated[int, Meta(ge=0, le=LAST_S)]


@dataclass(frozen=True)
class Browser:
    """A paired browser.

    Attributes:
        key: Names it in the list; not secret.
        digest: SHA-256 of its cookie.
        name: What it says of itself, such as "Firefox on Android".
        paired: When it was paired, in seconds since 1970.
        seen: The day on which it was last seen, in the same.
    """

    key: Hex
    digest: Hex
    name: str
    paired: Seconds
    seen: Seconds


class PairedBrowsers:
    """The list, kept in a file that is written whole or not at all.

    While the disk cannot be written, for example because it is full, the list holds until the process ends.
    """

    def __init__(self, file: Path) -> None:
        """Read the list; a file that cannot be read is an empty one, so that everybody pairs again."""
        self._file = file
        self._browsers = _read(file)

    def __iter__(self) -> Any:
        """Iterate over the browsers, the last paired first."""
        return iter(sorted(self._browsers.values(), key=lambda browser: -browser.paired))

    def __len__(self) -> int:
        return len(self._browsers)

    def __contains__(self, key: object) -> bool:
        return key in self._browsers

    def pair(self, name: str) -> str:
        """Add a browser, and return the secret for its cookie. The one seen least recently makes room."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        now = int(time.time())
        browser = Browser(secrets.token_hex(8), digest(secret), name, now, now - now % DAY_S)
        known = sorted(self._browsers.values(), key=lambda each: (each.seen, each.paired))
        kept = known[max(0, len(known) + 1 - MAX_BROWSERS) :]
        self._keep_if_possible({each.key: each for each in [*kept, browser]})
        return secret

    def find(self, secret: str) -> Browser | None:
        """Return the browser whose cookie this is; None for any other text."""
        wanted = digest(secret)
        found = None
        for browser in self._browsers.values():  # all of them, so that the time tells nothing
            if hmac.compare_digest(browser.digest, wanted):
                found = browser
        if found and (now := int(time.time())) - found.seen >= 2 * DAY_S:
            found = replace(found, seen=now - now % DAY_S)
            self._keep_if_possible(self._browsers | {found.key: found})
        return found

    def send_away(self, key: str) -> bool:
        """Remove a browser; whether it was there.

        Raises:
            OSError: It is not let in any more, but will be once this process has ended.
        """
        if key not in self._browsers:
            return False
        self._keep({each.key: each for each in self._browsers.values() if each.key != key})
        return True

    def _keep_if_possible(self, browsers: Mapping[str, Browser]) -> None:
        """Go on without the file: the page has to say what is wrong with the disk."""
        try:
            self._keep(browsers)
        except OSError as error:
            log.warning("the browsers that are let in cannot be kept: %s", error)

    def _keep(self, browsers: Mapping[str, Browser]) -> None:
        """Change the list at once, and its file for good: who was sent away is not back after a power cut."""
        self._browsers = dict(browsers)
        new = self._file.with_name(f".{self._file.name}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump([asdict(browser) for browser in browsers.values()], file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._file)
        except OSError:
            with suppress(OSError):
                new.unlink()
            raise


def digest(secret: str) -> str:
    """Return what is kept of a secret. It is long and random, so a fast hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def form_token(secret: str) -> str:
    """Return what each change from a page of this browser has to bring along; no other page can know it."""
    return hmac.new(secret.encode("utf-8", "surrogateescape"), b"form", hashlib.sha256).hexdigest()


def _read(file: Path) -> dict[str, Browser]:
    try:
        browsers = msgspec.json.decode(read_regular_file(file, MAX_FILE_BYTES), type=list[Browser])
    except (OSError, ValueError, RecursionError):
        return {}
    return {browser.key: browser for browser in browsers}
