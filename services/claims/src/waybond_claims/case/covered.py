"""Cover is dated: which version of the policy covered what was met at an instant, and until when."""

from datetime import datetime

from waybond_claims.case.cover import Cover
from waybond_claims.case.state import Case


def in_force(case: Case, at: datetime) -> Cover | None:
    """The version of the policy that covered what was met at that instant; None if it had ended then."""
    found, until = _version_at(case, at)
    return found if until is not None and at <= until else None


def covered_until(case: Case, at: datetime) -> datetime | None:
    """When cover ended, or ends, under the version of the policy that covered what was met at that instant."""
    _, until = _version_at(case, at)
    return until if until is not None and at <= until else None


def highest_limit(case: Case) -> int:
    """The most that any version of the policy pays: what was paid under one is not asked back since a later one pays
    less."""
    versions = (*case.covers, *((case.cover,) if case.cover is not None else ()))
    return max([each.limit for each in versions], default=0)


def _version_at(case: Case, at: datetime) -> tuple[Cover | None, datetime | None]:
    if case.policy is None or case.cover is None:
        return None, None
    found = case.covers[0] if case.covers else case.cover
    for cover in (*case.covers[1:], case.cover) if case.covers else ():
        if cover.since is not None and cover.since <= at:
            found = cover
    until = found.ends_at
    for ended in (*case.ends, case.ended) if case.ended is not None else ():
        if ended.version > found.version:
            until = min(until, case.policy.attached_at if ended.from_start else ended.at)
    return found, until
