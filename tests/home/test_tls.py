"""TLS: the connection is encrypted, and only the broker whose authority the settings name is let in."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from device.cli.check import check_program
from device.config.reading import read_settings
from device.config.settings import Settings
from device.errors import ServiceError, SettingsError
from home.mqtt.credentials import trust
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
            return check_program("home", ["--settings", str(file)], read_settings(file))

        assert said(f'ca = "{own}"') == f"{url}: the broker lets the box in"
        with pytest.raises(ServiceError, match=r"cannot connect: self.signed certificate; home.ca has"):
            said(f'ca = "{other}"')
        with pytest.raises(ServiceError, match=r"cannot connect: self.signed certificate"):
            said()
        with pytest.raises(ServiceError, match=r"cannot connect: .*(IP|Host).*localhost.*; home.broker has"):
            said(f'ca = "{own}"', url=url.replace("127.0.0.1", "localhost"))
        with pytest.raises(ServiceError, match=r"home.ca: .*: no certificates can be read there"):
            said(f'ca = "{key}"')


def test_a_certificate_that_has_expired_says_so(settings: Settings, tmp_path: Path) -> None:
    _, key = certificate(tmp_path, "broker")
    request, old = tmp_path / "request", tmp_path / "old.pem"
    for command in (
        f"req -new -key {key} -subj /CN=broker -addext subjectAltName=IP:127.0.0.1 -out {request}",
        f"x509 -req -in {request} -copy_extensions copy -signkey {key} -days -1 -out {old}",
    ):
        subprocess.run(["openssl", *command.split()], check=True, capture_output=True, timeout=60)
    with Mosquitto(tmp_path, f"certfile {old}", f"keyfile {key}") as broker:
        file = settings_for(settings, f"mqtts://127.0.0.1:{broker.port}", tmp_path, f'ca = "{old}"')
        with pytest.raises(ServiceError, match="certificate has expired; give the broker a new certificate"):
            check_program("home", ["--settings", str(file)], read_settings(file))


def test_a_broker_that_speaks_no_tls_is_said_to(settings: Settings, tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        file = settings_for(settings, f"mqtts://127.0.0.1:{broker.port}", tmp_path)
        with pytest.raises(ServiceError, match=r"the port in home\.broker may be one without TLS"):
            check_program("home", ["--settings", str(file)], read_settings(file))


def test_the_certificates_may_be_in_ones_own_folder_with_notes_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    file, _ = certificate(tmp_path, "broker")
    file.write_text(f"für den Broker\n{file.read_text()}")
    assert len(trust("~/broker.pem").get_ca_certs()) == 1


def test_a_pipe_in_place_of_the_certificates_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ca.pem")
    with pytest.raises(SettingsError, match="no certificates can be read there: not a regular file"):
        trust(str(tmp_path / "ca.pem"))
