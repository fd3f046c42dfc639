"""Keeps the kit's logs out of the way: they go to whoever reads a world's trace, or nowhere."""

from collections.abc import Callable
from typing import Any

import structlog

_listener: Callable[[str], None] | None = None


class Logger:
    """Stands in for structlog's bound logger. Formatting a log costs as much as a batch, and nobody reads most."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def bind(self, **_: Any) -> "Logger":
        return self

    new = bind

    def _log(self, event: str = "", **fields: Any) -> None:
        if _listener is not None:
            _listener(f"    log: {event} " + " ".join(f"{name}={value}" for name, value in fields.items()))

    debug = info = warning = error = exception = critical = _log


def install() -> None:
    """From now on the loggers of this process are of this kind."""
    structlog.configure(wrapper_class=Logger, cache_logger_on_first_use=True)


def listen(listener: Callable[[str], None] | None) -> None:
    """Who hears of logs from now on."""
    global _listener  # noqa: PLW0603  # loggers of modules are global too
    _listener = listener
