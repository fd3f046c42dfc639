"""What a process and all that it started used: CPU time and memory, from Linux's /proc."""

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM, _CHILD_USER, _CHILD_SYSTEM = 1, 11, 12, 13, 14  # after the name, see proc_pid_stat(5)


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes (10**6 bytes) of a process tree. `resident` counts a shared page once for each process, `proportional`
    (PSS) once in all."""

    resident_mb: float
    proportional_mb: float


def parse_stat(line: str) -> list[str]:
    """The fields of a line of /proc/<pid>/stat after the name, which may itself hold spaces and brackets."""
    return line[line.rindex(")") + 2 :].split()


def cpu_seconds(root: int) -> float:
    """CPU time, user and system, of the process `root`, of those below it, and of those below it that ended.

    A child that ended counts through its parent, which has waited for it: PostgreSQL's ended sessions are not lost.
    Resolution: one tick of the kernel, a hundredth of a second.
    """
    ticks = sum(
        int(fields[index]) for fields in _tree(root).values() for index in (_USER, _SYSTEM, _CHILD_USER, _CHILD_SYSTEM)
    )
    return ticks / _TICKS_A_SECOND


def machine_seconds() -> float:
    """CPU time that all processes of the machine have used, in seconds; what waits or is idle is left out."""
    user, nice, system, _idle, _waiting, interrupts, soft_interrupts = map(
        int, (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:8]
    )
    return (user + nice + system + interrupts + soft_interrupts) / _TICKS_A_SECOND


def memory(root: int) -> Memory:
    """What the process `root` and those below it hold now."""
    resident = proportional = 0
    for pid in _tree(root):
        try:
            lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
        except OSError:  # it ended since it was listed
            continue
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        resident += sizes["Rss"]
        proportional += sizes["Pss"]
    return Memory(resident_mb=resident * 1024 / 1e6, proportional_mb=proportional * 1024 / 1e6)


def _tree(root: int) -> dict[int, list[str]]:
    """The fields of /proc/<pid>/stat of `root` and all below it, by process id."""
    fields_of: dict[int, list[str]] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = parse_stat((entry / "stat").read_text())
        except OSError:  # it ended while we were looking
            continue
        fields_of[int(entry.name)] = fields
        children[int(fields[_PARENT])].append(int(entry.name))
    if root not in fields_of:
        raise ProcessLookupError(f"process {root} does not run")
    found, waiting = {}, [root]
    while waiting:
        pid = waiting.pop()
        found[pid] = fields_of[pid]
        waiting.extend(children[pid])
    return found
