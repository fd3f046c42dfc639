"""Keeps the kit's logs out of the way: they go to the world that runs, which seldom has a reader for them."""

from collections.abc import Callable, Mapping
from typing import Any

import structlog

Listener = Callable[[str, Mapping[str, Any]], None]
_listener: Listener | None = None


class Logger:
    """Stands in for structlog's bound logger. Formatting a log costs as much as a batch, and nobody reads most."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def bind(self, **_: Any) -> "Logger":
        return self

    new = bind

    def _log(self, event: str = "", **fields: Any) -> None:
        if _listener is not None:
            _listener(event, fields)

    debug = info = warning = error = exception = critical = _log


def install() -> None:
    """From now on the loggers of this process are of this kind."""
    structlog.configure(
        wrapper_class=Logger,  # type: ignore[arg-type]  # what structlog calls of it is there
        cache_logger_on_first_use=True,
    )


def listen(listener: Listener | None) -> None:
    """Who hears of logs from now on."""
    global _listener  # noqa: PLW0603  # the modules' loggers are global too
    _listener = listener
