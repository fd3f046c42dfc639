"""What else is on file about the goods of a complaint: earlier decisions, words and documents."""

from waybond_claims.adjudication.needs import units_of
from waybond_claims.adjudication.terms import Rule
from waybond_claims.adjudication.view import View
from waybond_claims.case.appeal import CLOSED, PAID, Decided
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.offer import ACCEPTED
from waybond_claims.case.state import Case
from waybond_contracts.wording import Clause


def decided_before(view: View, rule: Rule, complaint: Dispute) -> str:
    """Another complaint about the same goods that was refused, closed, paid in part or settled, if there is one.

    Scenario: the buyer accepts 50 of 100, and files the claim once more under another id. No wording pays the rest by
    itself."""
    case, mine = view.case, set(units_of(view, rule, complaint))
    decided = [each for each in case.decided if each.clause_id == rule.clause.id and not each.reopened]
    ends = [each.dispute_id for each in decided if each.outcome != PAID]
    ends += [each.dispute_id for each in case.offers if each.clause_id == rule.clause.id and each.closed == ACCEPTED]
    for each in case.disputes:
        other = each.dispute_id in ends and each.dispute_id != complaint.dispute_id
        if other and not mine.isdisjoint(units_of(view, rule, each)):
            return each.dispute_id
    return ""


def was_closed(case: Case, complaint: Dispute, clause: Clause) -> bool:
    """Whether the complaint was closed for want of what was asked for, and nothing has opened it since."""
    return any(
        _is_of(each, complaint, clause) and each.outcome == CLOSED and not each.reopened for each in case.decided
    )


def statements(case: Case, complaint: Dispute) -> str:
    """Whose words and documents are there."""
    found: list[str] = []
    for party in ("buyer", "seller"):
        kinds = [each.kind for each in case.papers if each.dispute_id == complaint.dispute_id and each.by == party]
        documents = sum(1 for kind in kinds if kind != "statement")
        stated = "a statement" if "statement" in kinds else "no statement"
        found.append(f"Of the {party}: {stated}, {documents} documents.")
    return " ".join(found)


def _is_of(kept: Decided, complaint: Dispute, clause: Clause) -> bool:
    return kept.dispute_id == complaint.dispute_id and kept.clause_id == clause.id
