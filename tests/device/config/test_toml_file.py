"""Files of TOML as editors save them."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.config.reading import read_settings
from device.errors import SettingsError


def test_a_mark_that_an_editor_has_put_at_the_beginning_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "moodbox.toml"
    path.write_bytes(b"\xef\xbb\xbf[panel]\r\nbutton = 21\r\n")
    assert read_settings(path).panel.button == 21


def test_a_file_in_another_encoding_is_named_with_the_line_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "moodbox.toml"
    path.write_bytes("[music]\nfolder = '/Hörspiele'\n".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"not text in UTF-8 \(at line 2\): choose this encoding"):
        read_settings(path)
