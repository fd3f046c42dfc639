"""Keeps what cannot be true at once, until a person says what holds."""

from msgspec.structs import replace

from waybond_claims.case.question import MAX_CONTRADICTIONS
from waybond_claims.case.state import Case


def contradicted(case: Case, key: str) -> Case:
    """The file with a thing in it that cannot be: a person has to say what holds."""
    if key in case.contradictions:
        return case
    if len(case.contradictions) >= MAX_CONTRADICTIONS:
        # Those before may all be decided: one that is left out has to stop payments by itself.
        key = "bound:contradictions"
        if key in case.contradictions:
            return case
    return replace(case, contradictions=(*case.contradictions, key))
