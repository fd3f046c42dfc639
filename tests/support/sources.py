"""The files of the repository, for tests that look at the code itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
MEMBERS = ("shared/contracts", "shared/kit", "services/pricing", "services/tracking", "services/claims", "deploy/local")


def tracked_files(*patterns: str) -> list[Path]:
    """Files that are tracked, or new and not ignored; an unpacked archive without git has none."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())
