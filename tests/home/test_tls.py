"""TLS: the connection is encrypted, and only the broker whose authority the settings name is let in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from device.cli.check import check_home
from device.config.reading import read_settings
from device.config.settings import Settings
from device.errors import ServiceError
from tests.home.conftest import settings_for
from tests.home.mosquitto import Mosquitto, needs_mosquitto

pytestmark = [
    needs_mosquitto,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here to make certificates with"),
]


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 that is its own authority, and return its file and its key's."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return certificate, key


def test_only_the_brokers_own_authority_counts(settings: Settings, tmp_path: Path) -> None:
    own, key = certificate(tmp_path, "broker")
    other, _ = certificate(tmp_path, "other")
    with Mosquitto(tmp_path, f"certfile {own}", f"keyfile {key}") as broker:
        url = f"mqtts://127.0.0.1:{broker.port}"

        def said(*lines: str, url: str = url) -> str:
            file = settings_for(settings, url, tmp_path, *lines)
            return check_home(file, read_settings(file))

        assert said(f'ca = "{own}"') == f"{url}: the broker lets the box in"
        with pytest.raises(ServiceError, match=r"cannot connect: self.signed certificate"):
            said(f'ca = "{other}"')
        with pytest.raises(ServiceError, match=r"cannot connect: self.signed certificate"):
            said()
        with pytest.raises(ServiceError, match=r"cannot connect: .*(IP|Host).*localhost"):
            said(f'ca = "{own}"', url=url.replace("127.0.0.1", "localhost"))
        with pytest.raises(ServiceError, match=r"home.ca: .*: no certificates can be read there"):
            said(f'ca = "{key}"')
