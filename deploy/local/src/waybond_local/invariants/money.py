"""I1, I2 and I6: owed against what moved, the ledger against itself and the payment system, paid against limits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from waybond_claims.case.covered import highest_limit
from waybond_claims.case.state import Case
from waybond_claims.desk.troubles import stopped
from waybond_claims.entitlement import standing
from waybond_local.invariants.check import Check


@dataclass(frozen=True, slots=True)
class Moved:
    """What the payment system's books say that it moved for one refund: `minor` above zero reached the buyer."""

    order_key: str
    refund_id: str
    currency: str
    minor: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """Sums of the ledger. `unbalanced`: entries that do not sum to zero; `cash`: the account's balance by currency;
    `cash_of`: by refund; `accounts`: balance by account and currency."""

    entries: int
    postings: int
    unbalanced: tuple[str, ...]
    cash: Mapping[str, int]
    cash_of: Mapping[str, int]
    accounts: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class PaymentBooks:
    """What the payment system's books say of themselves. `paid`: the account's balance by currency, below zero once
    money left it."""

    balance: Mapping[str, int]
    moved: Mapping[str, int]
    """The sum of movements by currency."""
    payments: int
    movements: int


class Owed:
    """I1: per order, what reached the buyer less what was recovered is what is owed, with at most one on its way.

    Feed it every claim file, then `finish`.
    """

    def __init__(self, moved: Iterable[Moved], waiting: Mapping[str, int]) -> None:
        self.check = Check("I1", "effects of refunds less recoveries = owed, at most one in flight an order")
        for figure in ("orders with cover", "orders with refunds", "orders that wait for a person", "in flight"):
            self.check.count(figure, 0)
        self._moved: dict[str, dict[str, Moved]] = {}
        for each in moved:
            self._moved.setdefault(each.order_key, {})[each.refund_id] = each
        for order_key, payments in waiting.items():
            self.check.expect(payments <= 1, f"{order_key}: the payment system has {payments} payments on their way")

    def add(self, case: Case) -> None:
        """Look at one claim file."""
        moved = self._moved.pop(case.order_key, {})
        if case.cover is not None:
            self.check.count("orders with cover")
        if not moved and not case.commands and not case.owed:
            return
        self.check.count("orders with refunds", bool(case.commands))
        for violation in (*_effects(case, moved), *_flight(case), *_gap(case)):
            self.check.violate(f"{case.order_key}: {violation}")
        self.check.count("in flight", sum(command.in_flight for command in case.commands))
        self.check.count("orders that wait for a person", any(referral.is_open for referral in case.referrals))
        currency = case.order.currency if case.order else "?"
        self.check.count(f"owed {currency}", case.owed)
        self.check.count(f"reached buyers {currency}", sum(each.minor for each in moved.values()))
        self.check.count(f"recovered {currency}", case.recovered)

    def finish(self, cash_of: Mapping[str, int]) -> Check:
        """What moved for orders whose file is gone must be in the ledger still."""
        for order_key, moved in self._moved.items():
            for refund_id, each in moved.items():
                booked = -cash_of.get(refund_id, 0)
                self.check.expect(
                    booked == each.minor,
                    f"{order_key}: {each.minor} {each.currency} reached the buyer by {refund_id}, which no claim file "
                    f"names, and the ledger has {booked}",
                )
        return self.check


def _effects(case: Case, moved: Mapping[str, Moved]) -> Iterable[str]:
    """What the file believes of each refund, against the payment system's books."""
    currency = case.order.currency if case.order else ""
    for command in case.commands:
        each = moved.get(command.refund_id)
        effect = each.minor if each else 0
        believed = command.moved if command.status == "succeeded" else 0
        # Money may have moved while the answer is still on its way.
        possible = {0, command.minor} if command.status in ("requested", "accepted", "pending") else {believed}
        if effect not in possible:
            yield f"refund {command.refund_id} is {command.status} with {believed}, and {effect} reached the buyer"
        if each is not None and each.currency != currency:
            yield f"refund {command.refund_id} moved {each.currency}, the order is in {currency}"
    strange = moved.keys() - {command.refund_id for command in case.commands}
    for refund_id in sorted(strange):
        yield f"{moved[refund_id].minor} reached the buyer by {refund_id}, which was never commanded"


def _flight(case: Case) -> Iterable[str]:
    flying = [command.refund_id for command in case.commands if command.in_flight]
    if len(flying) > 1:
        yield f"{len(flying)} refunds are in flight at once: {', '.join(flying)}"


def _gap(case: Case) -> Iterable[str]:
    """Owed less what is settled or in flight, plus what was recovered: zero, or there is a reason in the file."""
    flight = sum(command.minor for command in case.commands if command.in_flight)
    gap = case.owed - (case.settled + flight - case.recovered)
    if gap > 0:
        # A question that is open is no reason of its own: only what `stopped` looks at and a refund that failed wait.
        retried = any(command.unpaid for command in case.last_attempts)
        if not (flight or retried or case.frozen_by_dispute or stopped(case)):
            yield f"owes {gap} more than was settled or is in flight, and nothing says why it waits"
    outstanding = sum(recovery.outstanding for recovery in case.recoveries)
    rows = standing(case)
    offsetting = {each.row.unit for each in rows if each.row.late_arrival == "offset"}
    offset = sum(each.minor for each in rows if each.row.unit in offsetting)
    if -gap > outstanding + case.waived + offset + flight:
        yield f"paid {-gap} more than is owed, and only {outstanding} is asked back"


def balanced(ledger: Ledger, books: PaymentBooks) -> Check:
    """I2: every entry sums to zero in each currency; the account cash is what the payment system reports."""
    check = Check("I2", "the ledger sums to zero, and cash is what the payment system reports")
    check.count("entries", ledger.entries)
    check.count("postings", ledger.postings)
    check.count("payments in the payment system", books.payments)
    check.count("movements there", books.movements)
    for entry in ledger.unbalanced:
        check.violate(f"entry {entry} does not sum to zero")
    for currency in sorted({*ledger.cash, *books.balance, *books.moved}):
        cash, balance, moved = (sums.get(currency, 0) for sums in (ledger.cash, books.balance, books.moved))
        check.count(f"cash {currency}", cash)
        check.count(f"payment system {currency}", balance)
        check.expect(cash == balance, f"cash is {cash} {currency}, the payment system reports {balance}")
        check.expect(moved == balance, f"the payment system's movements are {moved} {currency}, its balance {balance}")
    totals: dict[str, int] = {}
    for (_, currency), minor in ledger.accounts.items():
        totals[currency] = totals.get(currency, 0) + minor
    for currency, minor in totals.items():
        check.expect(minor == 0, f"all accounts together are {minor} {currency}, not zero")
    return check


class Limits:
    """I6: paid is at most the limit of the policy, of each package, and what the buyer paid (or insured, with an
    uplift). Feed it every file."""

    def __init__(self, moved: Iterable[Moved]) -> None:
        self.check = Check("I6", "paid <= limit, by policy and package")
        for figure in ("policies", "policies that paid"):
            self.check.count(figure, 0)
        self._moved: dict[str, int] = {}
        for each in moved:
            self._moved[each.order_key] = self._moved.get(each.order_key, 0) + each.minor

    def add(self, case: Case) -> None:
        """Look at one claim file."""
        cover = case.cover
        if cover is None:
            return
        self.check.count("policies")
        moved = self._moved.get(case.order_key, 0)
        paid = max(case.settled, moved) - case.recovered
        if paid <= 0:
            return
        self.check.count("policies that paid")
        limit = highest_limit(case)
        self.check.expect(paid <= limit, f"{case.order_key}: paid {paid}, the policy's limit is {limit}")
        worth = max(case.order.minor if case.order else 0, case.amended.minor if case.amended else 0)
        # A wording may add to what was paid (invoice and 10 %): that is in the basis.
        worth = max(worth, cover.basis)
        self.check.expect(paid <= worth, f"{case.order_key}: paid {paid}, the buyer paid {worth}")
        got: dict[str, int] = {}
        # What is on its way may be cancelled, and what is asked back was paid too much.
        for each in standing(case, asked=True):
            if each.row.unit and not each.flying:
                got[each.row.unit] = got.get(each.row.unit, 0) + each.minor
        for package, minor in got.items() if cover.package_limit is not None else ():
            what = f"package {package} got {minor}, its limit is {cover.package_limit}"
            self.check.expect(minor <= (cover.package_limit or 0), f"{case.order_key}: {what}")
