"""Download the jars that Apache Kafka consists of, each checked against the SHA-256 in `kafka-jars.txt`."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jgo.maven
import requests
import stamina
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from waybond_local.paths import cache_folder

KAFKA_VERSION = "4.1.2"
SLF4J_VERSION = "1.7.36"
ROOTS = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", f"org.slf4j:slf4j-simple:{SLF4J_VERSION}")
LOCK = Path(__file__).with_name("kafka-jars.txt")
_ATTEMPTS = 4
_TIMEOUT_SECONDS = 30


class JarError(RuntimeError):
    """A jar is not what the lock says, or the jars do not fit together."""


def class_path() -> list[Path]:
    """The jars of Kafka, downloaded into the cache where they are missing; offline once they are there.

    Raises:
        JarError: a download failed or its content differs from the lock.
    """
    repository = cache_folder() / "jars"
    repository.mkdir(parents=True, exist_ok=True)
    context = _maven(repository)
    jars = [(_artifact(context, coordinate), sha256) for coordinate, sha256 in read_lock()]
    with _one_at_a_time(repository):
        missing = [(jar, sha256) for jar, sha256 in jars if not _holds(_path(jar), sha256)]
        if missing:
            _download(missing)
    return [_path(jar) for jar, _ in jars]


def read_lock() -> list[tuple[str, str]]:
    """Coordinate (group:artifact:version) and SHA-256 of each jar."""
    rows = (line.split() for line in LOCK.read_text().splitlines() if line and not line.startswith("#"))
    return [(coordinate, sha256) for coordinate, sha256 in rows]


def write_lock() -> int:
    """Resolve the jars anew, check that they fit together, write the lock; returns how many there are."""
    repository = cache_folder() / "jars"
    context = _maven(repository)
    wanted = [context.create_dependency(root) for root in ROOTS]
    inputs, others = context.resolver.resolve(wanted)
    jars = [each.artifact for each in inputs] + [
        each.artifact for each in others if each.scope in ("compile", "runtime")
    ]
    check_versions([f"{jar.groupId}:{jar.artifactId}:{jar.version}" for jar in jars])
    rows = sorted(f"{jar.groupId}:{jar.artifactId}:{jar.version} {_sha256(jar.resolve())}" for jar in jars)
    LOCK.write_text("# The jars of Apache Kafka with their SHA-256; written by `make lock`.\n" + "\n".join(rows) + "\n")
    return len(rows)


def check_versions(coordinates: list[str]) -> None:
    """Refuse a set of jars in which two releases of Kafka are mixed.

    Some loggers pull in an older kafka-clients; Kafka then dies at start with NoSuchMethodError.

    Raises:
        JarError: names the jars of another version.
    """
    strangers = [
        each for each in coordinates if each.startswith("org.apache.kafka:") and _version(each) != KAFKA_VERSION
    ]
    if strangers:
        raise JarError(f"Kafka {KAFKA_VERSION} was asked for, but these jars are of another version: {strangers}")


def _version(coordinate: str) -> str:
    return coordinate.rsplit(":", 1)[1]


def _download(missing: list[tuple[jgo.maven.Artifact, str]]) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("jars"))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(f"Downloading Apache Kafka {KAFKA_VERSION}", total=len(missing))
        for jar, sha256 in missing:
            try:
                _fetch(jar, sha256)
            except (requests.RequestException, RuntimeError) as error:
                raise JarError(f"Apache Kafka could not be downloaded: {error}") from error
            progress.advance(task)


@stamina.retry(on=(requests.RequestException, RuntimeError), attempts=_ATTEMPTS)
def _fetch(jar: jgo.maven.Artifact, sha256: str) -> None:
    _path(jar).unlink(missing_ok=True)  # an interrupted download leaves a part of the file
    found = _sha256(jar.resolve())
    if found != sha256:
        _path(jar).unlink()
        raise JarError(f"{jar} has SHA-256 {found}, the lock says {sha256}: a broken download, or not the same jar")


def _maven(repository: Path) -> jgo.maven.MavenContext:
    return jgo.maven.MavenContext(repo_cache=repository, local_repos=[], timeout=_TIMEOUT_SECONDS)


def _artifact(context: jgo.maven.MavenContext, coordinate: str) -> jgo.maven.Artifact:
    group, name, version = coordinate.split(":")
    return context.project(group, name).at_version(version).artifact()


def _path(jar: jgo.maven.Artifact) -> Path:
    if jar.cached_path is None:
        raise JarError(f"{jar} has no place in the cache")
    return jar.cached_path


def _holds(path: Path, sha256: str) -> bool:
    return path.exists() and _sha256(path) == sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Two stacks that start at once must not write the same file."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    Console().print(f"{write_lock()} jars locked")
