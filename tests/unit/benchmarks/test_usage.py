"""CPU time and memory of a process tree, read from /proc."""

import os
import subprocess
import sys

import pytest

from benchmarks.usage import cpu_seconds, machine_seconds, memory, parse_stat

_SPIN = "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass\n"


def test_a_name_with_spaces_and_brackets_does_not_shift_the_fields() -> None:
    line = "42 (a b) (c)) S 7 42 42 0 -1 4194304 1 2 3 4 150 25 9 3 20 0 1 0 5 6 7"
    fields = parse_stat(line)
    assert fields[0] == "S"
    assert fields[1] == "7"
    assert fields[11:15] == ["150", "25", "9", "3"]


def test_a_child_that_ended_still_counts() -> None:
    before = cpu_seconds(os.getpid())
    subprocess.run([sys.executable, "-c", _SPIN], check=True)
    assert cpu_seconds(os.getpid()) - before >= 0.19


def test_a_grandchild_that_runs_counts() -> None:
    nested = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {_SPIN + 'print(1, flush=True); input()'!r}],"
        " stdin=subprocess.PIPE)\n"
        "input(); child.communicate(b'\\n')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", nested], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"1\n"
    used = cpu_seconds(process.pid)
    process.communicate(b"\n")
    assert used >= 0.19


def test_memory_counts_what_the_process_holds() -> None:
    block = bytearray(os.urandom(1_000)) * 50_000
    held = memory(os.getpid())
    assert held.resident_mb > len(block) / 1e6
    assert 0 < held.proportional_mb <= held.resident_mb


def test_a_process_that_does_not_run_is_an_error() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with pytest.raises(ProcessLookupError):
        cpu_seconds(process.pid)


def test_the_machine_uses_at_least_what_a_child_uses() -> None:
    before = machine_seconds()
    subprocess.run([sys.executable, "-c", _SPIN], check=True)
    assert machine_seconds() - before >= 0.19
