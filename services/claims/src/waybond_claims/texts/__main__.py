"""Checks files of texts: `python -m waybond_claims.texts [folder]`; exit code 1 where something is wrong."""

import sys
from pathlib import Path

from waybond_claims.texts.checks import FOLDER, wrong


def main(arguments: list[str]) -> int:
    """Check the files of the folder, or those that are installed, and print what is wrong, a line each."""
    if len(arguments) > 1:
        sys.stderr.write("usage: python -m waybond_claims.texts [folder]\n")
        return 2
    found = wrong(Path(arguments[0]) if arguments else FOLDER)
    for each in found:
        sys.stdout.write(f"{each}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
