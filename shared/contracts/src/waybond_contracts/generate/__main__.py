"""`python -m waybond_contracts.generate`: writes what is derived from the models, or says that it is not current.

Without an option the files under shared/contracts/schemas/ and docs/reference are written. `--check` compares
instead and exits with 1 if one differs. `--release` also takes the schemas as the ones that later versions must stay
compatible with (schemas/released/).
"""

import argparse
import difflib
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from waybond_contracts.generate import asyncapi, products, providers, reference
from waybond_contracts.generate.schemas import event_schemas, rendered, wording_schema

MEMBER = Path(__file__).parents[3]
SHOWN_LINES = 20


def artefacts() -> dict[Path, str]:
    """Path -> text of all that is generated."""
    schemas = MEMBER / "schemas"
    version = tomllib.loads((MEMBER / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return {
        schemas / "asyncapi.json": rendered(asyncapi.document(version)),
        schemas / "wording.json": rendered(wording_schema()),
        **{schemas / "events" / f"{name}.json": rendered(schema) for name, schema in event_schemas().items()},
        MEMBER.parents[1] / "docs" / "reference" / "events.md": reference.render(),
        MEMBER.parents[1] / "docs" / "reference" / "products.md": products.render(),
        MEMBER.parents[1] / "docs" / "reference" / "disputes.md": providers.render(),
    }


def differences(wanted: Mapping[Path, str], folders: Iterable[Path]) -> list[str]:
    """What is not current, in words: a file that is missing, that differs, or that nothing makes any more."""
    found: list[str] = []
    for path, text in wanted.items():
        if not path.exists():
            found.append(f"{path} is missing")
        elif (there := path.read_text(encoding="utf-8")) != text:
            lines = difflib.unified_diff(there.splitlines(), text.splitlines(), "committed", "generated", lineterm="")
            found.append("\n".join([f"{path} differs:", *list(lines)[:SHOWN_LINES]]))
    stale = [path for folder in folders for path in sorted(folder.glob("*.json")) if path not in wanted]
    return found + [f"{path} is of no event any more" for path in stale]


def write(wanted: Mapping[Path, str], folders: Iterable[Path]) -> None:
    """Make the files what they should be, and remove those that nothing makes any more."""
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for folder in folders:
        for path in folder.glob("*.json"):
            if path not in wanted:
                path.unlink()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m waybond_contracts.generate", description=__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="write nothing; exit with 1 if something is not current")
    choice.add_argument("--release", action="store_true", help="also make these schemas the released ones")
    options = parser.parse_args(arguments)
    if not (MEMBER / "pyproject.toml").exists():
        print("this works in a checkout of Waybond, where shared/contracts lies", file=sys.stderr)  # noqa: T201 (a command)
        return 1
    wanted = artefacts()
    events = MEMBER / "schemas" / "events"
    if options.check:
        found = differences(wanted, [events])
        for each in found:
            print(each, file=sys.stderr)  # noqa: T201 (a command)
        if found:
            print("run `make contracts` and commit what it writes", file=sys.stderr)  # noqa: T201 (a command)
        return 1 if found else 0
    write(wanted, [events])
    if options.release:
        released = MEMBER / "schemas" / "released"
        write({released / path.name: text for path, text in wanted.items() if path.parent == events}, [released])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
