"""Whose decision it is, also where the system has no name for the user."""

import getpass
import os

import pytest

from waybond_local import person

NOBODYS = 54_321


def test_it_is_the_users_name() -> None:
    assert person.name() == getpass.getuser()


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """S: in a container that runs under a number of its own, no record could be released."""
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: NOBODYS)
    assert person.name() == f"uid {NOBODYS}"
