"""What stops a shard, and what is wrong before a service can start."""

from collections.abc import Collection


class ShardError(Exception):
    """One or several shards cannot go on as they are: they are taken over anew, after a pause.

    `first_pause_seconds` doubles with each failure in a row, up to `longest_pause_seconds`.
    """

    first_pause_seconds = 0.2
    longest_pause_seconds = 5.0

    def __init__(self, message: str, shards: Collection[int] = ()) -> None:
        super().__init__(message)
        self.shards = frozenset(shards)


class FencedError(ShardError):
    """Another process took the shard: whatever we know of it is stale."""


class LostError(ShardError):
    """A transaction ended without an answer: its connection was lost, or it took longer than it may.

    Whether it is committed is unknown. The next batch of its shards is half as large.
    """


class LogError(ShardError):
    """A topic is not the one that was read before: it was made anew, or its end was cut off.

    Reading on would apply other records under the offsets of those that are applied already.
    """

    first_pause_seconds = 5.0
    longest_pause_seconds = 60.0


class ShapeError(ShardError):
    """A state cannot be read: it was written by newer code than this, or its document is missing."""

    first_pause_seconds = 5.0
    longest_pause_seconds = 60.0


class BreakerError(ShardError):
    """Too many failures in a minute: that is a bad release, not bad data."""

    first_pause_seconds = 5.0
    longest_pause_seconds = 300.0


class SaveError(Exception):
    """What a batch wants to save cannot be stored because of a value in it: the batch is bisected."""


class StartError(Exception):
    """The service cannot start: what is wrong, and with which setting, topic or schema."""


class PublishError(Exception):
    """The broker refused an event, or its answer is unknown."""
