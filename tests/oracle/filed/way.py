"""The way of a claim, read from docs/claims.md sentence by sentence: what is owed, offered and asked for, and when.

It shares nothing with the service. It goes from instant to instant: what becomes known, what people answer, and last
what runs out. After each it works out anew where the claim stands.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

from tests.oracle.filed.back import Goods
from tests.oracle.filed.facts import (
    DAY,
    END,
    Appealed,
    Case,
    Does,
    Ended,
    Fact,
    Filed,
    Handed,
    Moved,
    Need,
    Received,
    Refunded,
    Said,
    nth,
)
from tests.oracle.filed.standing import Asked, Decision, Offer, Stands, Want

PAYS, REFUSED, CLOSED, REFERS, OFFERS, WAITS = "pays", "refused", "closed", "refers", "offers", "waits"
DECIDED = (PAYS, REFUSED, CLOSED)
OPEN_FOR = 14 * DAY
"""Of an offer where the wording does not say it."""
ANSWER = Need("seller", ("answer",), 0, "nothing")
MAX_STEPS = 2_000


@dataclass
class Way:
    """What the oracle says of a case."""

    case: Case
    now: int = 0
    entitled: dict[int, int] = field(default_factory=dict)
    """By look."""
    most: int = 0
    """The most that was ever owed."""
    offers: list[tuple[int, int, int]] = field(default_factory=list)
    """Each that was made: when, how much, until when."""
    steps: list[tuple[str, int]] = field(default_factory=list)
    """Of a return, each that was told: which, and by when it is to be done."""
    stood: list[str] = field(default_factory=list)
    """Where it stood, one after the other."""

    def __post_init__(self) -> None:
        self.filed: Filed | None = None
        self.papers: list[tuple[int, str, str, str]] = []
        self.said: list[Said] = []
        self.back = self.ended = 0
        self.revision = 0
        self.asked: dict[Need, Asked] = {}
        self.open: Offer | None = None
        self.answered: set[str] = set()
        self.tried = 0
        self.until: dict[tuple[str, str], int] = {}
        self.settled: int | None = None
        self.claim_ruling: dict[int, Does] = {}
        self.questions = self.appeals = self.led = 0
        self.appeal_ruling: dict[int, tuple[Does, int]] = {}
        self.goods, self.kept = Goods(), 0
        self.back_ruling: tuple[Does, int] | None = None
        self.pending: tuple[int, Decision] | None = None
        self.decision: Decision | None = None
        self.spell: tuple[str, int] | None = None
        """What a person is asked about, and since when."""
        self.due: list[tuple[int, str, str]] = []
        """What people will answer: when, who, and to which offer or question."""
        self.reacted: set[str] = set()
        self.leads_asked: set[str] = set()

    # what it is worth

    @property
    def total(self) -> int:
        return self.case.total

    def stake(self) -> int:
        asked = self.filed.asked if self.filed else None
        return self.total if asked is None else min(self.total, asked)

    def left(self) -> int:
        """What nobody gave back yet."""
        return max(0, self.total - self.back - self.ended)

    def bounded(self, minor: int) -> int:
        """Within what the claim asks for, the clause's limit, and what is left."""
        limit = self.case.terms.limit
        return min(minor, self.stake(), self.total if limit is None else limit, self.left())

    def gives(self) -> int:
        return self.bounded(half_up(self.total * Fraction(self.case.terms.share)))

    def person_most(self) -> int:
        limit = self.case.terms.limit
        return self.stake() if limit is None else min(self.stake(), limit)

    def part_most(self, remedy: str) -> int:
        """The largest part that the remedy may be."""
        most = dict(self.case.terms.remedies).get(remedy)
        return self.gives() if most is None else int(self.gives() * Fraction(most))

    def in_part(self) -> str:
        kinds = dict(self.case.terms.remedies)
        return next((each for each in ("part_refund", "keep") if each in kinds), "")

    # where it stands

    def stands(self) -> Stands:
        found, terms = self.goods_aside(), self.case.terms.back
        if found.how != PAYS or terms is None or found.by == "offer":
            return found
        before = self.back_ruling
        if before is not None and found.by != "return":
            _, ruled_at = (
                self.appeal_ruling[int(found.by.partition(" ")[2])] if found.by.startswith("appeal") else (0, 0)
            )
            return ruled(before[0], "return") if ruled_at < before[1] else found
        decided = self.decision is not None and not self.decision.reopened and self.decision.outcome == found.by
        if before is not None or decided:
            return found
        come = self.goods.come(terms)
        match come.follows:
            case "pay":
                return found
            case "close":
                return Stands(CLOSED)
            case "refer":
                return Stands(REFERS, about="return")
            case _:
                return Stands(WAITS, come=come)

    def goods_aside(self) -> Stands:
        """Where it stands if nothing has to come back."""
        if self.filed is None:
            return Stands(WAITS)
        if self.settled is not None:
            return Stands(PAYS, self.settled, by="offer")
        for number in sorted(self.appeal_ruling, reverse=True):
            ruling, _ = self.appeal_ruling[number]
            if ruling.what != "uphold":
                return ruled(ruling, f"appeal {number}")
        ruling = self.claim_ruling.get(self.tried)
        if self.back_ruling is not None:
            before = ruling.minor if ruling is not None and ruling.what == "pay" else None
            return ruled(self.back_ruling[0], "return", before)
        if ruling is not None and ruling.what != "offer":
            return ruled(ruling, f"ruling {self.tried}")
        if ruling is not None:
            return Stands(OFFERS, want=Want("person", f"person {self.tried}", self.in_part(), ruling.minor))
        if self.decision is not None and self.decision.outcome == "paid":
            return Stands(PAYS, by="paid")
        return self.undecided()

    def undecided(self) -> Stands:
        terms = self.case.terms
        said = max(self.said, key=lambda each: each.at, default=None) if terms.seller else None
        in_full = said is not None and said.response == "offer" and said.remedy == "refund" and said.minor is None
        if said is not None and (said.response == "accept" or in_full):
            return Stands(PAYS)
        if terms.opens is not None and self.now < terms.opens * DAY:
            return Stands(WAITS)
        missing, absent = self.lacks(said)
        if "close" in absent:
            return Stands(CLOSED)
        want = self.of_seller(said)
        if want is not None and want.name not in self.answered:
            return Stands(OFFERS, missing=missing, want=want)
        if missing:
            return Stands(WAITS, missing=missing)
        refers = "refer" in absent or (said is not None and (said.response == "contest" or want is None))
        declined = terms.offer.declined if terms.offer else "refer"
        if refers or (want is not None and declined == "refer"):
            return Stands(REFERS)
        if terms.offer is not None:
            first = Want("wording", "wording", terms.offer.remedy, share=terms.offer.share)
            if first.name not in self.answered:
                return Stands(OFFERS, want=first)
            if declined == "refer":
                return Stands(REFERS)
        return Stands(PAYS if terms.proven or "pay" in absent else REFERS)

    def lacks(self, said: Said | None) -> tuple[tuple[Need, ...], set[str]]:
        """What is missing and has time yet, and what the absence of the rest means."""
        missing: list[Need] = []
        absent: set[str] = set()
        for need in self.needed(said):
            ask = self.asked.get(need)
            if need.kinds != ANSWER.kinds and self.is_there(need, ask):
                continue
            if ask is None or not ask.over:
                missing.append(need)
            else:
                absent.add(need.absent)
        return tuple(missing), absent

    def needed(self, said: Said | None) -> Iterator[Need]:
        terms = self.case.terms
        for need in terms.needs:
            above = need.above is None or self.stake() > need.above
            if above and (need.up_to is None or self.stake() <= need.up_to):
                yield need
        if terms.seller is not None and said is None:
            days, silent = terms.seller
            yield replace(ANSWER, days=days, absent=silent)

    def is_there(self, need: Need, ask: Asked | None) -> bool:
        """What is late counts, but where its absence closes: there within the time for an appeal."""
        last = END
        if ask is not None and ask.over and need.absent == "close":
            last = ask.until + (self.case.terms.appeal or 0) * DAY
        return any(kind in need.kinds and by in (need.of, "platform") and at <= last for at, by, kind, _ in self.papers)

    def of_seller(self, said: Said | None) -> Want | None:
        """The seller's offer, as far as the clause has its remedy."""
        if said is None or said.response != "offer":
            return None
        kinds = dict(self.case.terms.remedies)
        remedy = self.in_part() if said.remedy in ("", "part_refund", "refund") else said.remedy
        if remedy not in kinds or (said.minor is None and remedy != "reship"):
            return None
        return Want("seller", f"seller {said.at}", remedy, 0 if remedy == "reship" else said.minor)

    # what becomes known

    def hear(self, fact: Fact) -> None:
        match fact:
            case Filed():
                self.filed = fact
                self.papers += [(fact.at, "buyer", kind, kind) for kind in fact.kinds]
            case Handed():
                self.papers.append((fact.at, fact.by, fact.kind, fact.name))
            case Said():
                self.said.append(fact)
            case Moved() | Received():
                self.goods.hear(fact)
            case Refunded():
                self.back += fact.minor
            case Ended() if fact.revision > self.revision:
                self.revision, self.ended = fact.revision, fact.minor
            case Appealed() if self.filed is not None:
                self.appeal(fact)
            case _:
                pass

    def known(self) -> frozenset[str]:
        said = [f"said {each.at}" for each in self.said]
        return frozenset([name for *_, name in self.papers] + said) | self.goods.known()

    def appeal(self, fact: Appealed) -> None:
        """Looked at if there is a decision, it is in time, and something is new; one at a time."""
        if fact.kind:
            self.papers.append((fact.at, "buyer", fact.kind, fact.name))
        days, decision = self.case.terms.appeal, self.decision
        if self.settled is not None or decision is None or decision.reopened or days is None:
            return
        if fact.at > decision.at + days * DAY:
            return
        if self.known() <= decision.known or self.is_pending():
            return
        self.appeals += 1
        self.pending = (self.appeals, decision)

    def is_pending(self) -> bool:
        return self.pending is not None and self.decision == self.pending[1]

    # what people answer

    def answer(self, who: str, which: str) -> None:
        if who == "buyer":
            does = self.case.buyer[which.partition(" ")[0]]
            if self.open is not None and self.open.want.name == which and does.what in ("accept", "decline"):
                if does.what == "accept":
                    self.settled = self.open.total
                self.close(taken=True)
        elif who == "keeper" and self.spell == ("return", int(which)):
            does = nth(self.case.keeper, self.kept)
            self.kept += 1
            if does.what == "do_not_pay" or does.minor is None or does.minor <= self.person_most():
                self.back_ruling = (does, self.now)
        elif who == "person" and self.spell == ("claim", int(which)):
            does = nth(self.case.person, self.questions)
            self.questions += 1
            if does.what == "offer" and (not self.in_part() or (does.minor or 0) > self.part_most(self.in_part())):
                return
            if does.what == "pay" and does.minor is not None and does.minor > self.person_most():
                return
            self.claim_ruling[self.tried] = does
        elif who == "lead" and self.is_pending() and self.pending is not None and self.pending[0] == int(which):
            does = nth(self.case.lead, self.led)
            self.led += 1
            if does.what == "pay" and does.minor is not None and does.minor > self.person_most():
                return
            self.appeal_ruling[self.pending[0]] = (does, self.now)
            if does.what == "uphold":  # Whoever looked at it saw all that was there.
                self.decision = replace(self.pending[1], known=self.known())
            self.pending = None

    def close(self, *, taken: bool) -> None:
        """The open offer ends; `taken`: the buyer answered it, or it ran out."""
        if self.open is not None and taken:
            self.answered.add(self.open.want.name)
            self.tried += self.open.want.by == "person"
        self.open = None

    # one instant after the other

    def run(self) -> "Way":
        facts = sorted(self.case.facts, key=lambda each: each.at)
        for _ in range(MAX_STEPS):
            times = [each.at for each in facts[:1]] + [at for at, *_ in self.due] + list(self.ends())
            self.look(min(times, default=END + 1))
            if not times or min(times) > END:
                return self
            self.now = min(times)
            if facts and facts[0].at == self.now:
                self.hear(facts.pop(0))
            elif answers := [each for each in self.due if each[0] == self.now]:
                self.due.remove(answers[0])
                self.answer(*answers[0][1:])
            else:
                self.run_out()
            self.settle()
        raise AssertionError(f"more than {MAX_STEPS} steps")

    def look(self, before: int) -> None:
        """What is owed at the looks before the next instant."""
        stands = self.stands()
        owed = 0
        if stands.how == PAYS:
            owed = self.gives() if stands.total is None else self.bounded(stands.total)
        self.most = max(self.most, owed)
        for each in self.case.looks:
            if self.now <= each < before:
                self.entitled[each] = owed

    def ends(self) -> Iterator[int]:
        yield from (each.until for each in self.asked.values() if each.missing and not each.over)
        if self.open is not None:
            yield self.open.until
        yield from self.goods.ends(self.now)
        opens = (self.case.terms.opens or 0) * DAY
        if self.now < opens:
            yield opens

    def run_out(self) -> None:
        for each in self.asked.values():
            each.over = each.over or (each.missing and each.until <= self.now)
        if self.open is not None and self.open.until <= self.now:
            self.close(taken=True)
        self.goods.run_out(self.now)

    def settle(self) -> None:
        """Ask for what is missing, make the offer that is wanted, ask people, and note what was decided."""
        stands = self.stands()
        while self.offer(stands.want):
            stands = self.stands()
        if not self.stood or self.stood[-1] != stands.how:
            self.stood.append(stands.how)
        self.ask(stands.missing)
        told = self.goods.wait(stands.come, self.now)
        self.steps += [told] if told is not None else []
        self.ask_person(stands)
        self.remember(stands)
        if self.is_pending() and self.pending is not None:
            name = str(self.pending[0])
            if name not in self.leads_asked:
                self.leads_asked.add(name)
                self.later("lead", name, nth(self.case.lead, self.led))

    def ask_person(self, stands: Stands) -> None:
        if stands.how != REFERS:
            self.spell = None
        elif self.spell is None or self.spell[0] != stands.about:
            self.spell = (stands.about, self.now)
            if stands.about == "claim":
                self.later("person", str(self.now), nth(self.case.person, self.questions))
            else:
                self.later("keeper", str(self.now), nth(self.case.keeper, self.kept))

    def later(self, who: str, which: str, does: Does) -> None:
        if does.what:
            self.due.append((self.now + does.after, who, which))

    def ask(self, missing: tuple[Need, ...]) -> None:
        for need in missing:
            ask = self.asked.get(need)
            if ask is None or (not ask.missing and ask.until <= self.now):
                self.asked[need] = Asked(self.now + need.days * DAY)
        for need, ask in self.asked.items():
            if not ask.over:
                ask.missing = need in missing

    def offer(self, want: Want | None) -> bool:
        """Make it; whether it came to nothing, so that the claim goes on."""
        if want is None:
            self.close(taken=False)
            return False
        total = half_up(self.gives() * Fraction(want.share)) if want.share else want.minor or 0
        total = min(total, 0 if want.remedy == "reship" else self.part_most(want.remedy))
        if self.open is not None and (self.open.want, self.open.total) == (want, total):
            return False
        self.close(taken=False)
        if not total and want.remedy != "reship":
            self.answered.add(want.name)
            self.tried += want.by == "person"
            return True
        first = self.case.terms.offer
        key = want.name, want.remedy
        if self.until.get(key, 0) <= self.now:
            self.until[key] = self.now + (first.days * DAY if first else OPEN_FOR)
            if want.name not in self.reacted:
                self.reacted.add(want.name)
                self.later("buyer", want.name, self.case.buyer.get(want.by, Does("")))
        self.open = Offer(want, self.now, total, total, self.until[key])
        self.offers.append((self.now, total, self.open.until))
        return False

    def remember(self, stands: Stands) -> None:
        if stands.how not in DECIDED:
            if self.decision is not None:
                self.decision = replace(self.decision, reopened=True)
            return
        if stands.by == "offer":
            return
        outcome = stands.by or ("paid" if stands.how == PAYS else "closed")
        before = self.decision
        if before is None or before.outcome != outcome or before.reopened:
            self.decision = Decision(outcome, self.now, self.known())


def ruled(ruling: Does, by: str, before: int | None = None) -> Stands:
    """`before`: what is paid where the ruling names no amount."""
    total = ruling.minor if ruling.minor is not None else before
    return Stands(PAYS, total, by=by) if ruling.what == "pay" else Stands(REFUSED, by=by)


def half_up(amount: Fraction) -> int:
    return int(amount + Fraction(1, 2))
