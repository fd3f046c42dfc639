"""What a provider's own code says that a buyer complains of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from waybond_contracts.disputes import DisputeReason
from waybond_contracts.providers.tables import key, read

TABLES_KEPT = 64
CATEGORIES = "categories"
"""The table of words that no provider owns."""
FINER = {
    DisputeReason.NOT_AS_DESCRIBED: frozenset(
        {
            DisputeReason.DAMAGED,
            DisputeReason.DIFFERENT,
            DisputeReason.MISSING_PARTS,
            DisputeReason.COUNTERFEIT,
            DisputeReason.MISREPRESENTED,
        }
    ),
    DisputeReason.NOT_RECEIVED: frozenset({DisputeReason.LATE}),
}
"""What a category may say more exactly than the code does."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a code says. `reason` is OTHER where it says nothing, or where one of `ambiguous` is meant."""

    reason: DisputeReason
    ambiguous: tuple[DisputeReason, ...] = ()
    """The reasons that it may be; empty where it is one."""
    known: bool = True
    """Whether the tables have the code."""
    code: str = ""
    """The code as its scheme writes it; of one that is not known what was given, without blanks around it."""


@dataclass(frozen=True, slots=True)
class _Row:
    code: str
    reasons: tuple[DisputeReason, ...]


def reason_of(provider: str, raw_code: str, category: str = "") -> Reading:
    """What the provider's code says that the buyer complains of.

    provider: visa, mastercard, amex, discover, paypal, stripe, klarna, ebay, aliexpress, or a payment company that
    hands on the schemes' codes (adyen, braintree, worldpay); capitals and blanks do not matter.
    raw_code: as it was given, such as " 4853" or "13.1".
    category: what the provider says beside the code: its own sub-reason, or the word of another system for the same
    dispute. It decides between the reasons of an ambiguous code, and may say more exactly what NOT_AS_DESCRIBED or
    NOT_RECEIVED is.

    A code that no table has is OTHER, and not `known`; nothing is raised.
    """
    asked = key(raw_code.partition("@")[0])
    rows = [rows[asked] for rows in _tables(key(provider)) if asked in rows]
    if not rows:
        return Reading(DisputeReason.OTHER, known=False, code=raw_code.strip())
    code = rows[0].code
    reasons = tuple(dict.fromkeys(reason for row in rows for reason in row.reasons))
    said = _said(category)
    if len(reasons) == 1:
        (reason,) = reasons
        return Reading(said if said is not None and said in FINER.get(reason, ()) else reason, code=code)
    if said is not None and any(said is each or said in FINER.get(each, ()) for each in reasons):
        return Reading(said, code=code)
    return Reading(DisputeReason.OTHER, reasons, code=code)


def _said(category: str) -> DisputeReason | None:
    return _WORDS.get(key(category)) if category else None


@lru_cache(TABLES_KEPT)
def _tables(provider: str) -> tuple[Mapping[str, _Row], ...]:
    """The provider's own codes, or those of each scheme whose codes it hands on."""
    table = _PROVIDERS.get(provider)
    if table is None:
        return ()
    if "reads" in table:
        return tuple(found for each in table["reads"] for found in _tables(key(each)))
    return ({key(row.code): row for row in _rows(table)},)


def _rows(table: Mapping[str, Any]) -> Iterator[_Row]:
    for reason, codes in table["reasons"].items():
        yield from (_Row(code, (DisputeReason(reason),)) for code in codes)
    for code, reasons in table.get("ambiguous", {}).items():
        yield _Row(code, tuple(map(DisputeReason, reasons)))


def _words(categories: Mapping[str, list[str]]) -> Mapping[str, DisputeReason]:
    found = {key(each): each for each in DisputeReason}
    for reason, words in categories.items():
        found |= {key(word): DisputeReason(reason) for word in words}
    return found


# Read with the module: who asks for a reason reads no file.
_TABLES = read("reasons")
_WORDS = _words(_TABLES[CATEGORIES])
_PROVIDERS: Mapping[str, Any] = {key(name): table for name, table in _TABLES.items() if name != CATEGORIES}
