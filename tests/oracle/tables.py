"""The wordings that cases are drawn under: a few clauses, each in some variants, and what the features add."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from tests.oracle.wordings import Clause, Deductible, Exclusion, Sum, Tier, Way, Wording

LATE = Clause("TG-1", "late", (Tier(7, "0.10"), Tier(15, "0.30")), clock="promised_latest")
BY_SCAN = Way(scan="LOST")
BY_SILENCE = Way(clock="last_scan", silent_for=15)
BY_PROMISE = Way(clock="promised_latest", after=45)
LOST = Clause("LO-1", "lost", (Tier(share="1.00"),), any_of=(BY_SCAN, BY_SILENCE, BY_PROMISE))
DAMAGED = Clause("DA-1", "damaged", (Tier(share="0.50"),), any_of=(Way(scan="DAMAGED"),))
RETURNED = Clause("RE-1", "returned", (Tier(share="0.40"),), any_of=(Way(scan="RETURNED"),))
PLAIN = Wording((LATE, LOST, DAMAGED, RETURNED))

LATES = (
    LATE,
    replace(LATE, tiers=(Tier(3, "0.05"), Tier(10, "0.333"))),
    replace(LATE, clock="order", tiers=(Tier(30, "0.25"),)),
    replace(LATE, clock="first_scan", tiers=(Tier(21, "0.15"), Tier(40, "0.20"))),
)
LOSSES = (
    LOST,
    replace(LOST, any_of=(BY_SCAN, Way(scan="DESTROYED"), BY_PROMISE), tiers=(Tier(share="0.80"),)),
    replace(LOST, any_of=(BY_PROMISE,)),
    replace(LOST, any_of=(BY_SILENCE,), tiers=(Tier(share="0.90"),)),
)


def drawn_wording(rng: Random, features: Sequence[str], worth: int) -> Wording:
    """One of the table's wordings, with what the features ask for; `worth` is the value of the order's lines."""
    late = rng.choice(LATES)
    lost = replace(rng.choice(LOSSES), late_arrival=rng.choice(("keep", "offset", "return")))
    damaged = replace(DAMAGED, tiers=(Tier(share=rng.choice(("0.50", "1.00"))),))
    if "periods" in features:
        most = rng.choice((None, Sum("20"), Sum("3", "USD")))
        per = rng.choice((1, 5)) if most else rng.choice((5, 20))
        late = replace(LATE, tiers=(Tier(rng.choice((0, 7)), "0.05", per=per, at_most=most),))
    if "at_bounds" in features:
        bound = rng.choice((Tier(at_least=Sum("2")), Tier(at_most=Sum("2")), Tier(at_least=Sum("1"), at_most=Sum("9"))))
        late = _bounded(late, bound)
    fixed = [Sum("3"), Sum("7", "USD")]
    if "fixed" in features:
        late = replace(late, tiers=tuple(replace(t, share=None, amount=rng.choice(fixed)) for t in late.tiers))
    if "rounded_once" in features or ("currencies" in features and rng.random() < 0.5):
        bound = rng.choice((Tier(at_least=Sum("1.37", "USD")), Tier(at_most=Sum("2.99", "USD"))))
        late = _bounded(late, bound)
    if "fixed_indemnity" in features:
        damaged = replace(damaged, tiers=(Tier(amount=Sum("7.77", "USD")),))
    if "live" in features:
        lost = replace(lost, any_of=(_live(rng), *(way for way in lost.any_of if way.silent_for is None)))
    if "asks_carrier" in features:
        unanswered = rng.choice(("counts", "counts", "not_met", "refer"))
        most = rng.choice((None, Sum("45"), Sum("100"))) if unanswered == "counts" else None
        lost = replace(lost, ask_carrier=True, unanswered=unanswered, unanswered_up_to=most)
    if "dated_lane" in features:
        lanes = rng.choice((("*-BR",), ("*-AR",)))
        late, lost = rng.choice(((replace(late, lanes=lanes), lost), (late, replace(lost, lanes=lanes))))
    if "clause_limit" in features:
        limit = rng.choice((Sum("5"), Sum("21"), Sum("11.11", "USD")))
        late, lost = rng.choice(((late, replace(lost, limit=limit)), (replace(late, limit=limit), lost)))
    if "deductible_share" in features and "rounded_once" not in features:
        late = _whole(late)
    clauses = [late, lost, damaged, RETURNED]
    if "scope_order" in features:
        clauses.append(rng.choice((replace(late, id="TG-2", scope="order"), _ORDER_LATE)))
        clauses = clauses if rng.random() < 0.5 else clauses[1:]
    wording = Wording(tuple(clauses), uplift="0.10" if "uplift" in features else None)
    if "replacement" in features:
        wording = replace(wording, replacement=rng.choice(("makes_good", "makes_good", "nothing")))
    if "package_limit" in features:
        wording = replace(wording, package_limit=max(1, worth // 3))
    return _with_exclusions(rng, features, _with_deductible(rng, features, wording), worth)


def _live(rng: Random) -> Way:
    """A silence that says something after other scans than two."""
    kinds = rng.choice((("IMPORT_ARRIVED",), ("OUT_FOR_DELIVERY", "IN_TRANSIT")))
    after, kinds = rng.choice(((0, ()), (1, ()), (3, ()), (4, ()), (None, kinds), (3, kinds)))
    return replace(BY_SILENCE, live_after=after, live_kinds=kinds)


def _whole(clause: Clause) -> Clause:
    """With sums in the order's currency, which have nothing to round."""

    def own(amount: Sum | None) -> Sum | None:
        return amount and Sum(amount.amount.partition(".")[0])

    tiers = (
        replace(tier, amount=own(tier.amount), at_least=own(tier.at_least), at_most=own(tier.at_most))
        for tier in clause.tiers
    )
    return replace(clause, tiers=tuple(tiers))


def _bounded(clause: Clause, bound: Tier) -> Clause:
    """Each tier within the bounds, where it has none of its own."""
    tiers = (
        replace(tier, at_least=tier.at_least or bound.at_least, at_most=tier.at_most or bound.at_most)
        for tier in clause.tiers
    )
    return replace(clause, tiers=tuple(tiers))


_ORDER_LATE = Clause("TG-2", "late", (Tier(5, "0.20"),), clock="promised_latest", scope="order")


def _with_deductible(rng: Random, features: Sequence[str], wording: Wording) -> Wording:
    found: Deductible | None = None
    if "deductible_share" in features:
        found = Deductible(share=rng.choice(("0.10", "0.333")))
    if "deductible_fixed" in features:
        found = Deductible(share=found and found.share, amount=rng.choice((Sum("1"), Sum("4.99", "USD"), Sum("50"))))
    if "deductible_category" in features:
        found = replace(found or Deductible(share="0.20"), categories=("jewellery",))
    if found is None or rng.random() < 0.5:
        return replace(wording, deductible=found)
    return replace(wording, clauses=tuple(replace(clause, deductible=found) for clause in wording.clauses))


def _with_exclusions(rng: Random, features: Sequence[str], wording: Wording, worth: int) -> Wording:
    found: list[Exclusion] = []
    perils: tuple[str, ...]
    if "exclusion_scan" in features:
        perils = rng.choice((("late",), ()))
        applies = rng.choice(("before_due", "before_due", "always"))
        found.append(Exclusion("EX-1", perils=perils, scans=("CUSTOMS_HELD",), applies=applies))
    if "exclusion_category" in features:
        found.append(Exclusion("EX-2", perils=rng.choice((("lost", "damaged"), ())), categories=("jewellery",)))
    if "exclusion_value" in features:
        # A yen has no hundredths: 99.99 of them are a bound that must not be rounded.
        above = "99.99" if "rounded_once" in features or "currencies" not in features else "99"
        perils = rng.choice((("lost",), ()))
        found.append(Exclusion("EX-3", perils=perils, value_above=rng.choice((Sum("60"), Sum(above)))))
    return replace(wording, exclusions=tuple(found))
