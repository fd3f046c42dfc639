"""How long a seller has to answer at a stage of a dispute, where the provider itself told no instant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from waybond_contracts.disputes import DisputeReason, DisputeStage
from waybond_contracts.providers.tables import key, read


@dataclass(frozen=True, slots=True)
class Deadline:
    """How long after the stage began an answer is taken."""

    within: timedelta
    source: str
    """Who says so."""


@dataclass(frozen=True, slots=True)
class _Row:
    scheme: str
    stage: DisputeStage
    deadline: Deadline
    since: date
    until: date
    regions: frozenset[str]
    reasons: frozenset[DisputeReason]


def answer_within(
    provider: str, stage: DisputeStage, at: datetime, reason: DisputeReason | None = None, region: str = ""
) -> Deadline | None:
    """How long a seller has to answer a dispute that reached the stage `at` an instant (aware); None: no table says.

    provider: visa, mastercard, amex, discover, klarna, riverty, stripe, or a company that hands on the schemes'
    disputes (adyen, braintree, worldpay).
    reason: why, where a scheme tells reasons apart; None: the shortest time of any reason.
    region: country (ISO 3166-1 alpha-2) of the seller's bank; empty: the shortest time anywhere.
    The provider's own instant goes before whatever stands here.
    """
    day = at.astimezone(UTC).date()
    schemes = _HANDED_ON.get(key(provider), (key(provider),))
    found = [row for row in _ROWS if row.scheme in schemes and row.stage is stage and row.since <= day <= row.until]
    if region:
        found = _closest(found, [row for row in found if region in row.regions], "regions")
    if reason is not None:
        found = _closest(found, [row for row in found if reason in row.reasons], "reasons")
    return min((row.deadline for row in found), key=_within, default=None)


def _closest(found: list[_Row], named: list[_Row], by: str) -> list[_Row]:
    """Rows that name it, and of each scheme that has none of these the rows that name nothing."""
    schemes = {row.scheme for row in named}
    return named + [row for row in found if row.scheme not in schemes and not getattr(row, by)]


def _within(deadline: Deadline) -> timedelta:
    return deadline.within


def _row(row: Mapping[str, Any]) -> _Row:
    return _Row(
        scheme=key(row["scheme"]),
        stage=DisputeStage(row["stage"]),
        deadline=Deadline(timedelta(days=row["days"]), row["source"]),
        since=row.get("since", date.min),
        until=row.get("until", date.max),
        regions=frozenset(row.get("regions", ())),
        reasons=frozenset(map(DisputeReason, row.get("reasons", ()))),
    )


_ROWS = tuple(map(_row, read("deadlines")["deadline"]))
_HANDED_ON: Mapping[str, tuple[str, ...]] = {
    key(name): tuple(map(key, table["reads"])) for name, table in read("reasons").items() if "reads" in table
}
