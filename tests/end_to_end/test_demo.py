"""`waybond demo` as a user runs it, into a pipe, with few shipments: its parts, its exit code, nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

PATIENCE_SECONDS = 300


@pytest.mark.servers
def test_the_demo_tells_replays_checks_and_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "waybond_local.cli", "demo", "--orders", "25"]
    environment = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    before = {path.name for path in Path(tempfile.gettempdir()).glob("waybond-demo-*")}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    said = done.stdout
    assert done.returncode == 0, said + done.stderr
    assert "\x1b" not in said
    assert "order BR-1001 placed: 412.30 BRL, CN-BR" in said
    assert "Seu pedido BR-1001" in said
    assert "(Your order BR-1001" in said
    assert "The payment system's own books: 3 movements, -412.30 BRL." in said
    assert "Loss ratio by lane" in said
    assert said.count(" holds ") == 6
    assert "MB at most" in said
    assert {path.name for path in Path(tempfile.gettempdir()).glob("waybond-demo-*")} <= before


@pytest.mark.servers
def test_a_demo_keeps_what_it_is_told_to_keep_in_an_empty_place_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "waybond_local.cli", "demo", "--keep", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    assert done.returncode == 2
    assert "begins with an empty folder" in done.stderr
