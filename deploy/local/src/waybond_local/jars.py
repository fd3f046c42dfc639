"""The jars that Apache Kafka consists of, each checked against the SHA-256 in `kafka-jars.txt`."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from waybond_local.paths import cache_folder

LOCK = Path(__file__).with_name("kafka-jars.txt")


class JarError(RuntimeError):
    """A jar is not what the lock says, or the jars do not fit together."""


def class_path() -> list[Path]:
    """The jars of Kafka, downloaded into the cache where they are missing; offline once they are there.

    Raises:
        JarError: a download failed or its content differs from the lock.
    """
    repository = jar_folder()
    repository.mkdir(parents=True, exist_ok=True)
    jars = read_lock()
    with _one_at_a_time(repository):
        missing = [(jar, sha256) for jar, sha256 in jars if not _holds(path_of(jar), sha256)]
        if missing:
            from waybond_local import downloads  # noqa: PLC0415  # its libraries take a second, and most starts none

            downloads.download(missing)
    return [path_of(jar) for jar, _ in jars]


def jar_folder() -> Path:
    """Where the jars are kept, laid out as a Maven repository."""
    return cache_folder() / "jars"


def path_of(coordinate: str) -> Path:
    """The place of a jar (group:artifact:version)."""
    group, name, version = coordinate.split(":")
    return jar_folder().joinpath(*group.split("."), name, version, f"{name}-{version}.jar")


def read_lock() -> list[tuple[str, str]]:
    """Coordinate (group:artifact:version) and SHA-256 of each jar."""
    rows = (line.split() for line in LOCK.read_text().splitlines() if line and not line.startswith("#"))
    return [(coordinate, sha256) for coordinate, sha256 in rows]


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _holds(path: Path, sha256: str) -> bool:
    return path.exists() and sha256_of(path) == sha256


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Two stacks that start at once must not write the same file."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
