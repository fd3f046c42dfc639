"""Where the local stack keeps what it downloads and what it stores."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """The folder for downloads, shared by all stacks of a user: `WAYBOND_CACHE`, else the platform's cache folder."""
    return _given("WAYBOND_CACHE") or platformdirs.user_cache_path("waybond")


def data_folder() -> Path:
    """The folder that `waybond up` keeps its databases and logs in: `WAYBOND_DATA`, else the platform's data folder.

    Root's own data folder lies under a home that nobody else may enter, and PostgreSQL does not run as root:
    root's data goes to /var/lib/waybond.
    """
    default = Path("/var/lib/waybond") if os.geteuid() == 0 else platformdirs.user_data_path("waybond")
    return _given("WAYBOND_DATA") or default


def fresh_folder(prefix: str) -> Path:
    """Make an empty folder that lives as long as its caller wants, and that an unprivileged server may enter.

    Where the temporary folder itself is closed to others (TMPDIR in a home of mode 0700), /var/tmp is taken instead.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    if os.geteuid() == 0 and not open_to_all(folder.parent):
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/var/tmp"))
    folder.chmod(0o711)
    return folder


def open_to_all(folder: Path) -> bool:
    """Whether every user may pass through this folder and all above it."""
    there = folder.resolve()
    return all(part.stat().st_mode & stat.S_IXOTH for part in (there, *there.parents) if part.exists())


def _given(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value).expanduser().absolute() if value else None
