"""Reads claim files of older shapes: each is brought up to the next one.

Shape 2 keeps of a package when its contents were told; at that place shape 1 had once had when it arrived.

Shape 3 keeps what each command pays for, as its rows. Before it a file said to what a command had raised the benefit of
a unit (a grant), and of no command what it paid for which unit. A command's rows are by how much its grants were
above what earlier commands had paid for the units; where a file does not say that, by the grants themselves.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from waybond_claims.adjudication.units import spread
from waybond_claims.case.money import Command, Row
from waybond_claims.case.state import Case
from waybond_claims.entitlement import ORDER
from waybond_claims.entitlement.keys import Key
from waybond_contracts.wording import Scope, parse

SHAPE = 3
"""What is written now."""
FIELDS_OF_PACKAGE_1 = 7
"""What shape 2 still reads of a package of shape 1."""


class Grant(Struct, frozen=True, array_like=True, gc=False):
    """What a command raised the benefit of a unit to, under which clause. Without a package it is for the order, if the
    clause looks at that, or for the remainder."""

    package_id: str | None
    clause_id: str
    late_arrival: str
    minor: int
    refund_id: str = ""
    """Of the command; shape 1 did not say it."""
    worth: int = 0
    among: tuple[str, ...] = ()


class Case2(Case, frozen=True, omit_defaults=True):
    """A file of shape 2."""

    grants: tuple[Grant, ...] = ()


_CASE_2 = msgspec.json.Decoder(Case2)


def from_1(state: bytes, wording: str) -> Case:
    """The file from bytes of shape 1."""
    file = msgspec.json.decode(state)
    for package in file.get("packages", ()):
        del package[FIELDS_OF_PACKAGE_1:]
    return _with_rows(msgspec.convert(file, Case2, strict=False), wording)


def from_2(state: bytes, wording: str) -> Case:
    """The file from bytes of shape 2."""
    return _with_rows(_CASE_2.decode(state), wording)


READ: Mapping[int, Callable[[bytes, str], Case]] = {1: from_1, 2: from_2}
"""By shape: a file from its bytes and the text of its wording (empty where that is not asked for)."""


def _with_rows(old: Case2, wording: str) -> Case:
    of_order = {each.id for each in parse(wording).clause if each.scope is Scope.ORDER} if wording else set[str]()
    rows = [(grant.refund_id, _row(grant, of_order)) for grant in old.grants]
    so_far: dict[Key, int] = {}
    commands: list[Command] = []
    for command in old.commands:
        own = [row for refund_id, row in rows if refund_id == command.refund_id]
        raised = own or [row for refund_id, row in rows if not refund_id] or _last(commands, command.minor)
        made = _split(command, raised, so_far)
        by_hand = command.minor if command.outside else 0
        after = replace(command, rows=made, by_hand=by_hand)
        commands.append(after)
        if after.counts:
            for row in made:
                so_far[row.unit] = so_far.get(row.unit, 0) + row.minor
    fields: dict[str, Any] = {name: getattr(old, name) for name in Case.__struct_fields__}
    return replace(Case(**fields), commands=tuple(commands))


def _row(grant: Grant, of_order: set[str]) -> Row:
    unit = grant.package_id
    if unit is None and not grant.worth and grant.clause_id in of_order:
        unit = ORDER
    return Row(
        unit, grant.clause_id, grant.late_arrival, grant.minor, grant.minor, worth=grant.worth, among=grant.among
    )


def _last(commands: Sequence[Command], minor: int) -> list[Row]:
    return [*commands[-1].rows] if commands else [Row(ORDER, "", "keep", minor, minor)]


def _split(command: Command, raised: Sequence[Row], so_far: Mapping[Key, int]) -> tuple[Row, ...]:
    """The rows of a command from what units were raised to: first by how much that was above what was paid before."""
    before, more = dict(so_far), list[int]()
    for row in raised:
        paid = before.get(row.unit, 0)
        more.append(max(0, row.minor - paid))
        before[row.unit] = max(paid, row.minor)
    if sum(more) > command.minor and len({row.unit for row in raised}) == 1:
        more = _first(more, command.minor)
    parts = spread(command.minor, more if any(more) else [row.minor for row in raised])
    return tuple(
        [replace(row, minor=part, means=command.pays) for row, part in zip(raised, parts, strict=True) if part]
    )


def _first(parts: Sequence[int], minor: int) -> list[int]:
    """So much of the parts, the first ones first."""
    found: list[int] = []
    for part in parts:
        found.append(min(part, minor))
        minor -= found[-1]
    return found
