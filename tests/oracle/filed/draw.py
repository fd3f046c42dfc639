"""Draws claims: a clause with some of what a wording can say of them, what becomes known, and how people answer."""

from dataclasses import replace
from random import Random

from tests.oracle.filed.facts import (
    DAY,
    END,
    HOUR,
    Appealed,
    Back,
    Case,
    Does,
    Ended,
    Fact,
    Filed,
    First,
    Handed,
    Moved,
    Need,
    Received,
    Refunded,
    Said,
    Terms,
)

TOTALS = (10_000, 9_999, 12_345)
DOCUMENTS = ("photo_of_damage", "video", "invoice", "expert_opinion", "proof_of_shipment", "messages")
NEEDS = (
    Need("buyer", ("photo_of_damage", "video"), 7, "close"),
    Need("buyer", ("expert_opinion",), 21, "refer", above=6_000),
    Need("buyer", ("invoice",), 9, "pay", up_to=8_000),
    Need("seller", ("proof_of_shipment", "messages"), 5, "pay"),
    Need("seller", ("proof_of_shipment",), 4, "refer"),
)
REMEDIES: tuple[tuple[tuple[str, str | None], ...], ...] = (
    (),
    (("refund", None),),
    (("refund", None), ("part_refund", "0.60")),
    (("refund", None), ("keep", "0.55"), ("reship", None)),
    (("refund", None), ("part_refund", "0.50"), ("keep", "0.75")),
    (("refund", None), ("part_refund", "0.60"), ("credit", None)),
)
RETURNING = 0.5
"""In how many the goods have to come back first."""
CONDITIONS = ("damaged", "empty", "missing", "other_item")
FIRST_HOURS, LAST_HOURS = 5 * 24, 90 * 24


def draw(seed: int, number: int) -> Case:
    """The case of this number."""
    rng = Random(f"filed {seed}/{number}")
    total, terms = rng.choice(TOTALS), _terms(rng)
    asked = rng.choice((None, None, total // 3, total * 2 // 3, total))
    at = HOUR * rng.randint(FIRST_HOURS, FIRST_HOURS + 20 * 24)
    kinds = tuple(rng.sample(DOCUMENTS, rng.choice((0, 0, 1, 1, 2))))
    facts: list[Fact] = [Filed(at=at, asked=asked, kinds=kinds)]
    facts += [_handed(rng, at) for _ in range(rng.randint(0, 4))]
    if terms.seller is not None or rng.random() < 0.3:
        facts += [_said(rng, at, total) for _ in range(rng.choice((0, 1, 1, 2)))]
    if rng.random() < 0.6:
        facts += [_appealed(rng, at) for _ in range(rng.randint(1, 2))]
    facts += _elsewhere(rng, at, total)
    back = Random(f"filed returns {seed}/{number}")
    if back.random() < RETURNING:
        beside = tuple(each for each in terms.remedies if each[0] not in ("refund", "credit"))
        terms = replace(terms, back=_back(back), remedies=beside)
        facts += _goods(back, at)
    apart = [_apart(fact, number) for number, fact in enumerate(facts)]
    return Case(
        total,
        terms,
        tuple(sorted(apart, key=_known)),
        buyer={each: _buyer(rng) for each in ("wording", "seller", "person")},
        person=tuple(_person(rng, total, terms) for _ in range(3)),
        lead=tuple(_lead(rng, total) for _ in range(2)),
        keeper=tuple(_keeper(back, total) for _ in range(2)),
        looks=(*sorted(rng.sample(range(at, at + 100 * DAY), 5)), END),
    )


def _apart(fact: Fact, number: int) -> Fact:
    """No two facts at the same minute."""
    return type(fact)(
        **{name: getattr(fact, name) for name in fact.__dataclass_fields__} | {"at": fact.at + 3 * number}
    )


def _known(fact: Fact) -> int:
    return fact.at


def _terms(rng: Random) -> Terms:
    needs = tuple(each for each in NEEDS if rng.random() < 0.3)
    remedies = rng.choice(REMEDIES)
    offered = [each for each in remedies if each[0] in ("part_refund", "keep")]
    first = None
    if offered and rng.random() < 0.6:
        share = rng.choice(("0.10", "0.333", "0.50"))
        first = First(rng.choice(offered)[0], share, rng.choice((3, 6)), rng.choice(("refer", "decide")))
    return Terms(
        share=rng.choice(("1.00", "1.00", "0.75", "0.333")),
        limit=rng.choice((None, None, 5_001)),
        needs=needs,
        proven=bool(needs) and rng.random() < 0.6,
        seller=(rng.choice((4, 8)), rng.choice(("pay", "refer", "nothing"))) if rng.random() < 0.5 else None,
        remedies=remedies,
        offer=first,
        appeal=rng.choice((None, 10, 30)),
        opens=rng.choice((None, None, None, 15)),
    )


def _handed(rng: Random, after: int) -> Handed:
    """From two days before the claim, while it is looked at, or long after."""
    at = after + HOUR * rng.choice((rng.randint(-48, 24), rng.randint(1, 9 * 24), rng.randint(9 * 24, 40 * 24)))
    kind = rng.choice(DOCUMENTS)
    return Handed(at=at, by=rng.choice(("buyer", "buyer", "seller", "platform")), kind=kind, name=f"{kind} {at}")


def _said(rng: Random, after: int, total: int) -> Said:
    at = after + HOUR * rng.choice((rng.randint(-24, 24), rng.randint(1, 8 * 24), rng.randint(1, 20 * 24)))
    response = rng.choice(("accept", "contest", "contest", "offer", "offer", "offer"))
    if response != "offer":
        return Said(at=at, response=response)
    remedy = rng.choice(("", "part_refund", "reship", "refund", "credit"))
    minor = (
        None
        if remedy == "reship" or (remedy == "refund" and rng.random() < 0.5)
        else rng.choice((1, total // 4, total // 2, total))
    )
    return Said(at=at, response=response, minor=minor, remedy=remedy)


def _appealed(rng: Random, after: int) -> Appealed:
    at = after + HOUR * rng.randint(24, 50 * 24)
    kind = rng.choice((*DOCUMENTS, "", ""))
    return Appealed(at=at, kind=kind, name=f"{kind} {at}" if rng.random() < 0.7 else kind)


def _elsewhere(rng: Random, after: int, total: int) -> list[Fact]:
    """What the platform gave back, and a dispute whose outcome is told again and again, in any order of arrival."""
    facts: list[Fact] = []
    if rng.random() < 0.3:
        facts.append(Refunded(at=after + HOUR * rng.randint(-48, 30 * 24), minor=rng.choice((1, total // 4))))
    if rng.random() < 0.4:
        revisions = rng.sample(range(1, 5), rng.randint(1, 3))
        facts += [
            Ended(
                at=after + HOUR * rng.randint(-48, 40 * 24),
                revision=each,
                minor=rng.choice((0, total // 2, total // 5)),
            )
            for each in revisions
        ]
    return facts


def _back(rng: Random) -> Back:
    return Back(
        label=rng.choice((None, 3)),
        unlabelled=rng.choice(("pay", "refer")),
        handed_in=rng.choice((5, 10)),
        not_handed_in=rng.choice(("close", "refer")),
        late=rng.choice(("counts", "refer", "close")),
        back=rng.choice((12, 30)),
        not_back=rng.choice(("pay", "refer", "close")),
        acknowledged=rng.choice((3, 5)),
        silent=rng.choice(("pay", "refer")),
        said=tuple((each, rng.choice(("pay", "refer"))) for each in CONDITIONS),
    )


def _goods(rng: Random, after: int) -> list[Fact]:
    """A label, the hand-in and how it ends, each known when it happens or a while later; what the seller says of it."""
    facts: list[Fact] = []
    label = after + HOUR * rng.randint(1, rng.choice((3, 20)) * 24)
    handed_in = label + HOUR * rng.randint(1, rng.choice((6, 16)) * 24)
    end = handed_in + HOUR * rng.randint(24, rng.choice((10, 40)) * 24)
    told = rng.choice((0, 1, 2, 2, 2))
    if rng.random() < 0.85:
        facts.append(Moved(at=label, version=1))
    if facts and told:
        facts.append(Moved(at=_later(rng, handed_in), version=2, handed_in=handed_in))
    if facts and told == 2:
        how = rng.choice(("back", "back", "back", "lost", "sent_back"))
        facts.append(Moved(at=_later(rng, end), version=3, handed_in=handed_in, **{how: end}))
    conditions = ("received", "received", "received", *CONDITIONS)
    said = [end + HOUR * rng.randint(-72, 8 * 24) for _ in range(rng.choice((0, 1, 1, 2)))]
    return [*facts, *(Received(at=each, condition=rng.choice(conditions)) for each in said)]


def _later(rng: Random, at: int) -> int:
    """When something of then becomes known."""
    return at + rng.choice((0, 0, HOUR * rng.randint(1, 5 * 24)))


def _keeper(rng: Random, total: int) -> Does:
    what = rng.choice(("pay", "pay", "do_not_pay", ""))
    minor = rng.choice((None, total // 2, total)) if what == "pay" else None
    return Does(what, HOUR * rng.randint(1, 6 * 24) + 1, minor)


def _buyer(rng: Random) -> Does:
    return Does(rng.choice(("accept", "accept", "decline", "stale", "")), HOUR * rng.randint(1, 5 * 24) + 1)


def _person(rng: Random, total: int, terms: Terms) -> Does:
    what = rng.choice(("pay", "pay", "do_not_pay", "offer"))
    if what == "offer" and not any(each in ("part_refund", "keep") for each, _ in terms.remedies):
        what = "do_not_pay"
    minor = rng.choice((None, total // 2, total // 3, total)) if what == "pay" else None
    minor = rng.choice((1, total // 5, total // 2)) if what == "offer" else minor
    return Does(what, HOUR * rng.randint(1, 6 * 24) + 1, minor)


def _lead(rng: Random, total: int) -> Does:
    what = rng.choice(("pay", "uphold", "do_not_pay"))
    minor = rng.choice((None, total // 4, total // 2)) if what == "pay" else None
    return Does(what, HOUR * rng.randint(1, 6 * 24) + 1, minor)
