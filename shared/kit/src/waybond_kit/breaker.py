"""Stops a shard on which too much fails at once."""

from collections import deque

MAX_FAULTS = 20
WINDOW_SECONDS = 60.0


class Breaker:
    """Counts failures of `decide` and save, and unreadable records of our own making, within a minute."""

    def __init__(self) -> None:
        self._faults: deque[float] = deque(maxlen=MAX_FAULTS + 1)

    def allows(self, faults: int, now: float) -> bool:
        """Whether a batch with so many faults may be saved; `now` is monotonic, in seconds."""
        while self._faults and self._faults[0] <= now - WINDOW_SECONDS:
            self._faults.popleft()
        return not faults or len(self._faults) + faults <= MAX_FAULTS

    def note(self, faults: int, now: float) -> None:
        """These faults were kept: their orders are held."""
        self._faults.extend([now] * min(faults, MAX_FAULTS + 1))
