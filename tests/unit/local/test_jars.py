"""Kafka's jars: what a user is told where they cannot be had."""

import socket
from pathlib import Path

import pytest
import stamina

from waybond_local import jars


def test_a_download_that_fails_is_an_error_that_a_user_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S: the first `waybond up` on a machine without network ended with a traceback."""
    with socket.socket() as nobody:  # bound and not listening: it refuses every connection
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("WAYBOND_CACHE", str(tmp_path))
        with stamina.set_testing(True, attempts=1), pytest.raises(jars.JarError, match="could not be downloaded"):
            jars.class_path()
