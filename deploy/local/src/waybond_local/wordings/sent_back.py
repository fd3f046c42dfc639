"""Goods that have to come back before a clause pays: told in sentences, checked, and compared."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from waybond_contracts.claimed import Remedy, RemedyKind
from waybond_contracts.return_terms import ReturnTerms
from waybond_contracts.wording import Clause, Peril
from waybond_local.wordings import words
from waybond_local.wordings.change import Way, instead, rising
from waybond_local.wordings.finding import Finding
from waybond_local.wordings.ground import Ground
from waybond_local.wordings.locator import Path

_FOLLOWS = {
    "pay": "it pays all the same",
    "refer": "a person decides",
    "close": "it pays nothing",
    "counts": "it goes on as if it had been in time",
}
_NEVER_CAME = frozenset({Peril.LOST, Peril.NOT_RECEIVED, Peril.MISSING})
"""What a buyer does not have, nobody can send back."""
_CONDITIONS = ("damaged", "empty", "missing", "other_item")
_RANK = ("close", "refer", "counts", "pay")
"""What follows, from what is least for the buyer."""
LONGEST = timedelta(days=365)
"""A refund that can take longer than this is none."""


def told(clause: Clause) -> Iterator[str]:
    """What the clause says of a return that is tracked, in the order of its steps; nothing without one."""
    _, terms = _journey(clause)
    if terms is None:
        return
    yield "It pays once the goods are back, and they are tracked on their way."
    if terms.label_within is not None:
        within = words.duration(terms.label_within)
        yield f"The seller has {within} to send a label; without one {_FOLLOWS[terms.unlabelled]}."
    since = "the label" if terms.label_within is not None else "when the return is asked for"
    yield (
        f"The buyer has {words.duration(terms.handed_in_within)} from {since} to hand the parcel in; "
        f"if nothing is handed in, {_FOLLOWS[terms.not_handed_in]}, "
        f"and if it is handed in later, {_FOLLOWS[terms.handed_in_late]}."
    )
    yield (
        f"It has to be back {words.duration(terms.back_within)} after that; "
        f"if it is not, or is lost, {_FOLLOWS[terms.not_back]}."
    )
    yield (
        f"The seller has {words.duration(terms.acknowledged_within)} to say what came back; "
        f"if the seller says nothing, {_FOLLOWS[terms.silent]}."
    )
    yield from _otherwise(terms)


def _otherwise(terms: ReturnTerms) -> Iterator[str]:
    for word in ("refer", "pay"):
        named = [each for each in _CONDITIONS if getattr(terms, each) == word]
        if named:
            yield f"Of what came back {words.listed(map(words.spoken, named), 'or')}, {_FOLLOWS[word]}."


def never(ground: Ground) -> Iterator[Finding]:
    """Returns that nobody can make, or that take longer than anybody waits."""
    for path, clause in ground.clauses():
        index, terms = _journey(clause)
        if terms is None:
            continue
        where: Path = (*path, "remedies", index, "journey")
        if clause.peril in _NEVER_CAME:
            what = f"What is {words.PERILS[clause.peril]} the buyer does not have: nobody can send it back."
            do = "Pay it without a return (refund), or word the return in a clause for what came."
            yield Finding("return-of-nothing", where, clause.id, what, do)
        longest = terms.handed_in_within + terms.back_within + terms.acknowledged_within
        longest += terms.label_within or timedelta(0)
        if longest > LONGEST:
            what = f"The steps of the return take {words.duration(longest)} together, each at its longest."
            yield Finding("return-without-end", where, clause.id, what, "Shorten the step that is longer than meant.")


def changed(old: Sequence[Remedy], new: Sequence[Remedy]) -> Iterator[tuple[str, Way]]:
    """What changes in a clause's remedies: of a return that stays one, word by word."""
    was, now = ([each.journey for each in remedies if each.journey is not None] for remedies in (old, new))
    bare = [[each.model_copy(update={"journey": None}) for each in remedies] for remedies in (old, new)]
    if len(was) != 1 or len(now) != 1 or bare[0] != bare[1]:
        yield instead("remedies", tuple(old), tuple(new)), Way.OTHER
        return
    for field in ReturnTerms.model_fields:
        before, after = getattr(was[0], field), getattr(now[0], field)
        if before != after:
            yield instead(f"return, {words.spoken(field)}", before, after), _way(field, before, after)


def _way(field: str, before: object, after: object) -> Way:
    """More time for the buyer is more, and less for all others; of what follows, what pays is the most."""
    if before in _RANK and after in _RANK:
        return rising(_RANK.index(str(before)), _RANK.index(str(after)))
    way = rising(before, after)
    return way if field == "handed_in_within" else way.turned()


def _journey(clause: Clause) -> tuple[int, ReturnTerms | None]:
    """Which of the remedies it is, and its terms."""
    for index, each in enumerate(clause.remedies):
        if each.remedy is RemedyKind.RETURN and each.journey is not None:
            return index, each.journey
    return 0, None
