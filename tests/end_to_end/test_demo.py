"""`waybond demo` as a user runs it, into a pipe, with few shipments: its parts, its exit code, nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.support.patience import ended, run
from tests.support.processes import runs

PATIENCE_SECONDS = 300


def left_over() -> set[str]:
    """Folders of demos that were not removed."""
    return {path.name for path in Path(tempfile.gettempdir()).glob("waybond-demo-*")}


def of_order_1002(said: str) -> list[str]:
    """The refund commands of the second story: 4.00 and 8.00 for lateness, then the rest of 40.00 that are lost."""
    story = said.partition("order BR-1002 placed")[2].partition("3. Real shipments")[0]
    return [line for line in story.splitlines() if "commands refund" in line]


def check_disputes(said: str) -> None:
    """120.00 are paid for the vase with its photo; of 80.00 for the lamp 32.00 are offered, and a lead pays all."""
    vase, _, lamp = said.partition("order US-2002 placed")
    for told in ("asks the buyer for photo of damage or video", "commands refund", "of 120.00 USD", "a photo of the"):
        assert told in vase
    assert "Between the photo and the refund command lay" in vase
    steps = ("offers the buyer 32.00 USD", "declines offer", "adjuster-1 decides referral", "appeals against", "lead-1")
    places = [lamp.index(step) for step in (*steps, "of 80.00 USD")]
    assert places == sorted(places)
    assert "We decided this under “Goods that are not as described” of your cover." in lamp
    assert "The books of both agree as well: I1, I2, I3, I4, I5, I6, I7, I8, I9, I10, I11, I12." in lamp


@pytest.mark.servers
def test_the_demo_tells_replays_checks_and_leaves_nothing_behind() -> None:
    command = [sys.executable, "-m", "waybond_local.cli", "demo", "--orders", "25"]
    environment = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    before = left_over()
    done = run(command, PATIENCE_SECONDS, env=environment)
    said = done.stdout
    assert done.returncode == 0, said + done.stderr
    assert "\x1b" not in said
    assert "order BR-1001 placed: 412.30 BRL, CN-BR" in said
    assert "Seu pedido BR-1001" in said
    assert "(Your order BR-1001" in said
    assert "The payment system's own books: 3 movements, -412.30 BRL." in said
    assert "TG-1 Late delivery, goods that no package holds: missed" in said
    assert [line.split("refund ")[1].split(" of ")[1].split(" (")[0] for line in of_order_1002(said)] == [
        "4.00 USD",
        "8.00 USD",
        "28.00 USD",
    ]
    assert "The payment system's own books: 3 movements, -40.00 USD." in said
    assert "Loss ratio by lane" in said
    assert said.count(" holds ") == 12
    assert "MB at most" in said
    check_disputes(said.partition("5. Two disputes")[2])
    assert left_over() <= before


@pytest.mark.servers
def test_a_demo_keeps_what_it_is_told_to_keep_in_an_empty_place_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "waybond_local.cli", "demo", "--keep", str(tmp_path)]
    done = run(command, PATIENCE_SECONDS)
    assert done.returncode == 2
    assert "begins with an empty folder" in done.stderr


@pytest.mark.servers
def test_a_demo_that_is_stopped_leaves_nothing_behind() -> None:
    before = left_over()
    command = [sys.executable, "-u", "-m", "waybond_local.cli", "demo", "--orders", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as demo:
        assert demo.stdout is not None
        said = []
        for line in demo.stdout:
            said.append(line)
            if "order BR-1001 placed" in line:
                break
        started = [child.pid for child in psutil.Process(demo.pid).children(recursive=True)]
        demo.terminate()
        said += demo.stdout.readlines()
        assert ended(demo, PATIENCE_SECONDS) == 130, "".join(said)
    assert len(started) >= 6
    assert not any(runs(pid) for pid in started)
    assert left_over() <= before
    assert "Stopped before its end." in "".join(said)
