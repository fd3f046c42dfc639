"""Who decides: the name that is kept with the decision of whoever sits at the shell."""

from __future__ import annotations

import getpass
import os


def name() -> str:
    """The user's name; the number of one that the system has no name for (S: a container with a user of its own)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the second from Python 3.13 on
        return f"uid {os.getuid()}"
