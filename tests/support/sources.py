"""The files of the repository, for tests that look at the code itself."""

from __future__ import annotations

import subprocess
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEFT_BEHIND = {".git", ".venv", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache"}
MEMBERS = (
    *("shared/contracts", "shared/kit", "services/pricing", "services/tracking", "services/claims", "services/signals"),
    "deploy/local",
)


def tracked_files(*patterns: str) -> list[Path]:
    """Files that are tracked, or new and not ignored, that fit one of the patterns (all, if none is given).

    Where there is no git, or this is an unpacked archive, every file counts but those that tools leave behind.
    """
    try:
        names = _by_git()
    except (FileNotFoundError, subprocess.CalledProcessError):
        names = [
            str(path.relative_to(ROOT))
            for path in ROOT.rglob("*")
            if LEFT_BEHIND.isdisjoint(path.parts) and not path.parent.name.endswith(".egg-info")
        ]
    fitting = [name for name in names if not patterns or any(fnmatch(name, pattern) for pattern in patterns)]
    return sorted(path for name in fitting if (path := ROOT / name).is_file())


def _by_git() -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [name for name in listed.split("\0") if name]
