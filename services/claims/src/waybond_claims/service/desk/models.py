"""What the desk's routes take and show."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from waybond_claims.case.question import Proposal, Referral
from waybond_claims.case.state import Case
from waybond_claims.desk.decisions import needs_amount
from waybond_claims.desk.inbox import Waiting
from waybond_claims.desk.inbox import waiting as open_questions
from waybond_claims.service.cases import Stored
from waybond_claims.service.desk.listing import Page
from waybond_claims.service.shown import Shown, ShownCase, shown
from waybond_contracts.commands import MAX_NOTE_CHARACTERS, DecisionReason
from waybond_contracts.fields import Code, Id, Instant, Model, OrderId, Positive, Segment, Text
from waybond_contracts.money import Money

MAX_BULK = 50
"""How many alike questions are decided in one call."""
MAX_COMMAND_ID_CHARACTERS = 80

CommandId = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_COMMAND_ID_CHARACTERS, pattern=r"^[A-Za-z0-9._:-]+$")
]


class Body(Model):
    """Base of what is sent. Who says it, and as which role, is the API key's to say."""

    model_config = ConfigDict(extra="forbid")

    command_id: CommandId | None = None
    """Names the command, as the header Idempotency-Key does; one of both is needed. Twice the same is one command."""


class AssignBody(Body):
    """Who is to answer."""

    assignee: Code
    """A pseudonymous id; empty: nobody any more."""


class SnoozeBody(Body):
    """Until when it need not be looked at."""

    until: Instant | None
    """At most 30 days ahead; null: it is to be looked at again."""


class BoostBody(Body):
    """Whether it is to be looked at ahead of others."""

    boosted: bool = True


class NoteBody(Body):
    """What was found out."""

    note: Annotated[str, StringConstraints(min_length=1, max_length=MAX_NOTE_CHARACTERS, pattern=r"^[^\x00]*$")]
    """Nothing that names a person."""


class DecideBody(Body):
    """A decision on the case as it was seen."""

    case_version: Positive
    """Of the case, as it was shown: on a later one the decision is refused."""
    choice: Code
    """One of the question's."""
    amount: Money | None = None
    """Where the choice takes one."""
    reason_code: DecisionReason
    """Why, in a word."""
    note: Text = ""
    """Why."""


class BulkItem(Model):
    """One question of a list."""

    model_config = ConfigDict(extra="forbid")

    platform: Segment
    order_id: OrderId
    referral_id: Id
    case_version: Positive


class BulkBody(Body):
    """One decision on questions that are alike: of one reason. Each is answered on its own."""

    referrals: Annotated[tuple[BulkItem, ...], Field(fail_fast=True, min_length=1, max_length=MAX_BULK)]
    choice: Code
    amount: Money | None = None
    """For each of them."""
    reason_code: DecisionReason
    note: Text = ""


class Accepted(Shown):
    """The command is on `claim-commands`, confirmed by all replicas, and is applied in its turn."""

    command_id: str
    event_id: str
    outcome: str
    """done; or, of a decision: decided, or proposed where another person has to decide."""


class BulkAnswer(Shown):
    """What became of one question of a list."""

    platform: str
    order_id: str
    referral_id: str
    status: int
    """As if it had been asked for alone: 202, or what a problem says."""
    accepted: Accepted | None
    problem: dict[str, object] | None


class BulkAnswers(Shown):
    """One answer for each question, in the order in which they were named."""

    answers: tuple[BulkAnswer, ...]


class ShownQuestion(Shown):
    """A question that waits for a person."""

    tenant: str
    platform: str
    order_id: str
    referral_id: str
    reason: str
    role: str
    """Who is asked: adjuster, payments, or lead. More words may come."""
    amount: Money | None
    """What is at stake."""
    answer_by: datetime | None
    opened_at: datetime
    case_version: int
    question: str
    choices: tuple[str, ...]
    assignee: str
    snoozed_until: datetime | None
    boosted: bool
    notes: int
    proposed_by: str
    """Whose decision waits for another person; empty: nobody's."""
    suggestion: str
    """The choice that the file speaks for, if there is one."""
    why: str


class ShownPage(Shown):
    """A page of the inbox; `next` is the cursor of the page behind it."""

    referrals: tuple[ShownQuestion, ...]
    next: str | None


class ShownNote(Shown):
    """What somebody found out."""

    by: str
    at: datetime
    note: str


class ShownProposal(Shown):
    """A decision that another person has to confirm."""

    choice: str
    amount: Money | None
    by: str
    role: str
    at: datetime
    case_version: int
    reason_code: str
    note: str


class ShownDecision(Shown):
    """What was decided. `withdrawn` is the choice of a question that fell away by itself."""

    choice: str
    amount: Money | None
    by: str
    role: str
    at: datetime | None
    case_version: int
    reason_code: str
    note: str
    command_id: str


class ShownChange(Shown):
    """A step of the case and the fact that brought it."""

    case_version: int
    cause: str
    at: datetime


class ShownSignal(Shown):
    """What is known of other orders: a reason to look, and no verdict. It is never for the buyer."""

    of: str
    """Of whose: buyer, address, card, seller, photo."""
    fact: str
    """What is counted, as SignalFact of the events has it."""
    value: int
    orders: tuple[str, ...]
    """The newest of them, as platform/order_id; not all of them where there are many."""


class ShownFile(Shown):
    """One question with what there is to decide it by."""

    referral_id: str
    question: str
    choices: tuple[str, ...]
    needs_amount: bool
    """Whether `pay` has to say how much."""
    most: Money | None
    """The largest amount that can be answered, where there is a bound."""
    case_version: int
    """What a decision has to name."""
    waiting: ShownQuestion | None
    """As the inbox has it; none once it is closed."""
    decision: ShownDecision | None
    proposal: ShownProposal | None
    notes: tuple[ShownNote, ...]
    """As long as the question is open."""
    changes: tuple[ShownChange, ...]
    """The case's last steps while questions were open."""
    case: ShownCase
    """What is paid and owed, the explanation of the latest decision, the complaints, the other questions."""
    signals: tuple[ShownSignal, ...] = ()
    """What signals told of other orders, where a clause heeds it."""


def shown_page(page: Page) -> ShownPage:
    return ShownPage(referrals=tuple(map(shown_question, page.questions)), next=page.next)


def shown_question(row: Waiting) -> ShownQuestion:
    tenant, platform, order_id = row.order_key.split("/", 2)
    return ShownQuestion(
        tenant=tenant,
        platform=platform,
        order_id=order_id,
        referral_id=row.referral_id,
        reason=row.reason,
        role=row.role,
        amount=Money.of(row.minor, row.currency) if row.minor is not None and row.currency else None,
        answer_by=row.answer_by,
        opened_at=row.opened_at,
        case_version=row.version,
        question=row.question,
        choices=row.choices,
        assignee=row.assignee,
        snoozed_until=row.snoozed_until,
        boosted=row.boosted,
        notes=row.notes,
        proposed_by=row.proposed_by,
        suggestion=row.suggestion,
        why=row.why,
    )


def shown_file(stored: Stored, referral: Referral) -> ShownFile:
    """One question with its case. `referral` is one of the case's."""
    case = stored.case
    row = open_questions(case).get(referral.referral_id)
    return ShownFile(
        referral_id=referral.referral_id,
        question=referral.question,
        choices=referral.choices,
        needs_amount=needs_amount(referral),
        most=_amount(case, referral.most),
        case_version=case.version,
        waiting=shown_question(row) if row is not None else None,
        decision=_decision(case, referral) if not referral.is_open else None,
        proposal=_proposal(case, referral.proposal) if referral.proposal is not None else None,
        notes=tuple(
            ShownNote(by=note.by, at=note.at, note=note.text)
            for note in (referral.desk.notes if referral.desk is not None else ())
        ),
        changes=shown_changes(case),
        case=shown(case, stored.status, stored.known_at),
        signals=tuple(
            ShownSignal(of=each.of, fact=each.fact, value=each.value, orders=each.orders)
            for each in (case.signalled.facts if case.signalled is not None else ())
        ),
    )


def shown_changes(case: Case, since: int = 0) -> tuple[ShownChange, ...]:
    """The steps of a case after a version, as far as they are kept."""
    return tuple(
        ShownChange(case_version=each.version, cause=each.cause, at=each.at)
        for each in case.changes
        if each.version > since
    )


def _decision(case: Case, referral: Referral) -> ShownDecision:
    return ShownDecision(
        choice=referral.choice,
        amount=_amount(case, referral.decided_minor),
        by=referral.decided_by,
        role=referral.decided_as,
        at=referral.decided_at,
        case_version=referral.seen_version,
        reason_code=referral.reason_code,
        note=referral.decided_note,
        command_id=referral.command_id,
    )


def _proposal(case: Case, proposal: Proposal) -> ShownProposal:
    return ShownProposal(
        choice=proposal.choice,
        amount=_amount(case, proposal.minor),
        by=proposal.by,
        role=proposal.role,
        at=proposal.at,
        case_version=proposal.version,
        reason_code=proposal.reason_code,
        note=proposal.note,
    )


def _amount(case: Case, minor: int | None) -> Money | None:
    return Money.of(minor, case.order.currency) if minor is not None and case.order is not None else None
