"""Download the jars of Apache Kafka, and lock which ones they are."""

from __future__ import annotations

import jgo.maven
import requests
import stamina
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from waybond_local.jars import LOCK, JarError, jar_folder, path_of, sha256_of

KAFKA_VERSION = "4.1.2"
SLF4J_VERSION = "1.7.36"
ROOTS = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", f"org.slf4j:slf4j-simple:{SLF4J_VERSION}")
_ATTEMPTS = 4
_TIMEOUT_SECONDS = 30


def download(missing: list[tuple[str, str]]) -> None:
    """Download jars (coordinate and SHA-256) into their places. Raises JarError."""
    context = _maven()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("jars"))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(f"Downloading Apache Kafka {KAFKA_VERSION}", total=len(missing))
        for coordinate, sha256 in missing:
            try:
                _fetch(context, coordinate, sha256)
            except (requests.RequestException, RuntimeError) as error:
                raise JarError(f"Apache Kafka could not be downloaded: {error}") from error
            progress.advance(task)


@stamina.retry(on=(requests.RequestException, RuntimeError), attempts=_ATTEMPTS)
def _fetch(context: jgo.maven.MavenContext, coordinate: str, sha256: str) -> None:
    place = path_of(coordinate)
    place.unlink(missing_ok=True)  # an interrupted download leaves a part of the file
    group, name, version = coordinate.split(":")
    got = context.project(group, name).at_version(version).artifact().resolve()
    if got != place:
        raise JarError(f"{coordinate} went to {got}, not to {place}")
    found = sha256_of(place)
    if found != sha256:
        place.unlink()
        raise JarError(
            f"{coordinate} has SHA-256 {found}, the lock says {sha256}: a broken download, or not the same jar"
        )


def write_lock() -> int:
    """Resolve the jars anew, check that they fit together, write the lock; returns how many there are."""
    context = _maven()
    wanted = [context.create_dependency(root) for root in ROOTS]
    inputs, others = context.resolver.resolve(wanted)
    jars = [each.artifact for each in inputs] + [
        each.artifact for each in others if each.scope in ("compile", "runtime")
    ]
    check_versions([f"{jar.groupId}:{jar.artifactId}:{jar.version}" for jar in jars])
    rows = sorted(f"{jar.groupId}:{jar.artifactId}:{jar.version} {sha256_of(jar.resolve())}" for jar in jars)
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


def _maven() -> jgo.maven.MavenContext:
    return jgo.maven.MavenContext(repo_cache=jar_folder(), local_repos=[], timeout=_TIMEOUT_SECONDS)


if __name__ == "__main__":
    Console().print(f"{write_lock()} jars locked")
