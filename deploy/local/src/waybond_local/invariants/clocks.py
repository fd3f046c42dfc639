"""I8: no payment before a clock of its wording ran out, by what policies promised and decisions explained."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from waybond_contracts.claims import ClaimApproved
from waybond_contracts.explanation import Finding
from waybond_contracts.policies import PolicyAmended, PolicyIssued
from waybond_contracts.refunds import MoneyCommand
from waybond_contracts.watches import Watch, compile_watches
from waybond_contracts.wording import Wording
from waybond_local.invariants.check import Check
from waybond_tracking.journey import MAX_AHEAD


@dataclass(slots=True)
class Promise:
    """What a policy promises: its wording, and how long each watch runs (several, where the policy was amended)."""

    wording: Wording
    runs: dict[str, set[tuple[str, timedelta]]] = field(default_factory=dict)

    def add(self, watches: Iterable[Watch]) -> None:
        for watch in watches:
            self.runs.setdefault(watch.id, set()).add((watch.clock.value, watch.after))


class Clocks:
    """Feed it policies, then approvals, then money commands, each in the order of their topics.

    The durations are read from the wording's own text here, not from what pricing compiled of it.
    """

    def __init__(self) -> None:
        self.check = Check("I8", "no payment before a clock of its wording ran out")
        for figure in ("money commands", "by a clock", "by a scan", "by a person"):
            self.check.count(figure, 0)
        self.cut = ""
        """Why a policy or a decision may be missing: where its topic begins, if that is not at its beginning."""
        self._promises: dict[str, Promise] = {}
        self._approved: dict[str, list[ClaimApproved]] = {}

    def issued(self, event: PolicyIssued) -> None:
        """A policy was bound."""
        wording = event.wording.parsed()
        # It may lie on its topic twice (S: a zombie's send lands behind an amendment, whose watches still count).
        promise = self._promises.setdefault(event.policy_id, Promise(wording))
        promise.add(compile_watches(wording, event.lane))

    def amended(self, event: PolicyAmended) -> None:
        """A policy goes on under other watches."""
        promise = self._promises.get(event.policy_id)
        if promise is not None:
            promise.add(event.watches)

    def approved(self, event: ClaimApproved) -> None:
        """A decision, with its explanation."""
        self._approved.setdefault(event.claim_id, []).append(event)

    def commanded(self, command: MoneyCommand, known_at: datetime) -> None:
        """Money is to move: judge the decision that it follows from."""
        self.check.count("money commands")
        name = f"{command.order_key}: {command.refund_id}"
        approvals = self._approved.get(command.claim_id, ())
        decided = [each for each in approvals if each.version <= command.decision_version]
        promise = self._promises.get(command.policy_id)
        if self.cut and (not decided or promise is None):
            self.check.count("too old to judge")
            self.check.unchecked = self.cut
            return
        if not decided or promise is None:
            self.check.violate(f"{name} follows from no {'decision' if promise else 'policy'} on the topics")
            return
        explanation = max(decided, key=lambda each: each.version).explanation
        at = min(command.requested_at, known_at)
        paying = [each for each in explanation.findings if each.applies and each.benefit and each.benefit.minor]
        self.check.expect(bool(paying), f"{name}: no clause of its decision pays anything")
        for finding in paying:
            self._judge(name, promise, finding, at)

    def _judge(self, name: str, promise: Promise, finding: Finding, at: datetime) -> None:
        clause = next((each for each in promise.wording.clause if each.id == finding.clause_id), None)
        if clause is None:
            self.check.violate(f"{name}: the wording has no clause {finding.clause_id}")
            return
        clock = finding.clock
        if clock is None:
            self._without_clock(name, finding, at, by_claim=clause.trigger == "claim")
            return
        self.check.count("by a clock")
        runs = promise.runs.get(clock.watch_id, set())
        self.check.expect(
            clock.watch_id.partition(":")[0] == clause.id, f"{name}: {clock.watch_id} is no watch of {clause.id}"
        )
        self.check.expect(
            any(clock.clock == which and clock.start + after == clock.due for which, after in runs),
            f"{name}: {clause.id} is said to run from {clock.start} to {clock.due}, which is not what its wording says",
        )
        self.check.expect(clock.due <= at, f"{name}: paid at {at}, and the clock of {clause.id} ran to {clock.due}")

    def _without_clock(self, name: str, finding: Finding, at: datetime, *, by_claim: bool) -> None:
        """A scan meets the clause at once; a clause that somebody has to claim waits for a person, not for a clock.

        A scan has the carrier's time, which may lie ahead of the broker's: that of another clock, or of unknown zone.
        """
        if by_claim:
            self.check.count("by a person")
            return
        self.check.count("by a scan")
        seen = finding.fact_at
        self.check.expect(
            seen is not None and seen <= at + MAX_AHEAD,
            f"{name}: {finding.clause_id} pays at {at} for what happened at {seen}",
        )
