"""The locks hold every dependency that a member declares, by name, version and hash, and no address."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.sources import MEMBERS, ROOT, tracked_files
from waybond_local import downloads, jars

LOCKS = ("build", "runtime", "dev")


def locked(name: str) -> dict[str, Version]:
    pins = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", (ROOT / f"requirements/{name}.txt").read_text(), re.MULTILINE)
    return {canonicalize_name(package): Version(version) for package, version in pins}


def table(path: Path) -> dict:
    return tomllib.loads(path.read_text())


@pytest.mark.parametrize("member", MEMBERS)
def test_what_a_member_declares_is_locked_at_a_version_that_it_accepts(member: str) -> None:
    pins = locked("runtime")
    declared = [Requirement(line) for line in table(ROOT / member / "pyproject.toml")["project"]["dependencies"]]
    outside = [each for each in declared if not each.name.startswith("waybond-")]
    assert [str(each) for each in outside if not _held(each, pins)] == [], "run `make lock`"


def test_the_tools_that_the_workspace_declares_are_locked() -> None:
    pins = locked("runtime") | locked("dev")
    declared = [Requirement(line) for line in table(ROOT / "pyproject.toml")["dependency-groups"]["dev"]]
    assert [str(each) for each in declared if not _held(each, pins)] == [], "run `make lock`"


def test_the_locks_agree_on_versions() -> None:
    runtime, dev = locked("runtime"), locked("dev")
    assert {
        name: (runtime[name], dev[name]) for name in runtime.keys() & dev.keys() if runtime[name] != dev[name]
    } == {}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_a_hash_for_each_version_and_no_address(name: str) -> None:
    text = (ROOT / f"requirements/{name}.txt").read_text()
    entries = re.split(r"\n(?=\S)", text.partition("make lock\n")[2])
    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text


def test_no_lock_file_with_addresses_is_tracked() -> None:
    assert tracked_files("uv.lock", "*/uv.lock", "pylock*.toml") == []


def test_every_member_is_in_the_workspace() -> None:
    assert sorted(table(ROOT / "pyproject.toml")["tool"]["uv"]["workspace"]["members"]) == sorted(MEMBERS)


def test_the_jars_of_kafka_are_of_one_version_and_have_a_hash_each() -> None:
    rows = jars.read_lock()
    downloads.check_versions([coordinate for coordinate, _ in rows])
    assert f"org.apache.kafka:kafka_2.13:{downloads.KAFKA_VERSION}" in dict(rows)
    assert [coordinate for coordinate, sha256 in rows if not re.fullmatch("[0-9a-f]{64}", sha256)] == []


def test_jars_of_two_kafka_versions_are_refused_by_name() -> None:
    mixed = [f"org.apache.kafka:kafka_2.13:{downloads.KAFKA_VERSION}", "org.apache.kafka:kafka-clients:3.9.1"]
    with pytest.raises(jars.JarError, match=r"kafka-clients:3\.9\.1"):
        downloads.check_versions(mixed)


def _held(wanted: Requirement, pins: dict[str, Version]) -> bool:
    pin = pins.get(canonicalize_name(wanted.name))
    return pin is not None and wanted.specifier.contains(pin, prereleases=True)
