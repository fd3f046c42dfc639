"""How much memory this process and all that it started use at most, sampled while it goes on."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

import psutil

SAMPLE_SECONDS = 2.0
MEGABYTE = 1024 * 1024


class MemoryWatch:
    """Samples in a thread of its own from entering to leaving.

    A page that several processes share counts once in all (PSS) where the system tells, else once for each (RSS).
    """

    def __init__(self) -> None:
        self.peak_bytes = 0
        self.peak_by_name: dict[str, int] = {}
        self.shared_once = True
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            self.sample()

    def sample(self) -> None:
        """Look once."""
        me = psutil.Process()
        by_name: dict[str, int] = {}
        for process in (me, *me.children(recursive=True)):
            try:
                name, used = process.name(), self._used(process)
            except psutil.NoSuchProcess:
                continue  # it ended since it was listed
            by_name[name] = by_name.get(name, 0) + used
        total = sum(by_name.values())
        if total > self.peak_bytes:
            self.peak_bytes, self.peak_by_name = total, by_name

    def _used(self, process: psutil.Process) -> int:
        try:
            return process.memory_full_info().pss
        except (psutil.AccessDenied, AttributeError):
            self.shared_once = False
            return process.memory_info().rss

    def __str__(self) -> str:
        parts = ", ".join(
            f"{name} {used // MEGABYTE:,} MB"
            for name, used in sorted(self.peak_by_name.items(), key=lambda each: -each[1])
        )
        how = "shared pages counted once" if self.shared_once else "shared pages counted for each process"
        return f"{self.peak_bytes // MEGABYTE:,} MB at most ({how}): {parts}"
