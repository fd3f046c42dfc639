"""Where a complaint stands under a clause, as the stages that follow it hand it on."""

from msgspec import Struct

from waybond_claims.adjudication.course import Course
from waybond_claims.adjudication.found import Found
from waybond_claims.adjudication.terms import Rule
from waybond_claims.case.complaint import Dispute
from waybond_contracts.wording import Clause


class Followed(Struct, frozen=True, gc=False):
    """A complaint, what was found of the clause for one of its units, and where it stands."""

    found: Found
    complaint: Dispute
    course: Course

    @property
    def rule(self) -> Rule:
        return self.found.rule

    @property
    def clause(self) -> Clause:
        return self.found.rule.clause
