"""Adds what pricing says of a policy to the claim file."""

from msgspec.structs import replace

from waybond_claims.case.cover import MAX_COVERS, Cover, Ended, Policy, Rate
from waybond_claims.case.state import Case
from waybond_claims.facts.contradictions import contradicted
from waybond_contracts import policies


def issued(case: Case, event: policies.PolicyIssued) -> Case:
    if case.policy is not None:
        same = case.policy.policy_id == event.policy_id
        return case if same else contradicted(case, f"policy:{event.policy_id}")
    policy = Policy(
        policy_id=event.policy_id,
        product=event.product,
        product_version=event.product_version,
        sha256=event.wording.sha256,
        origin=event.lane.origin,
        destination=event.lane.destination,
        attached_at=event.attached_at,
        rates=tuple(Rate(rate.base, rate.quote, rate.rate) for rate in event.rates),
    )
    return covered(replace(case, policy=policy, wording=event.wording.body), event)


def covered(case: Case, event: policies.PolicyIssued | policies.PolicyAmended) -> Case:
    """The file with a version of the policy. One that comes behind a higher version was never in force, unless it is
    the one that was issued."""
    if case.policy is not None and case.policy.policy_id != event.policy_id:
        return contradicted(case, f"policy:{event.policy_id}")
    issue = isinstance(event, policies.PolicyIssued)
    known = case.cover
    if known is not None and (event.version == known.version or (event.version < known.version and not issue)):
        return case
    cover = Cover(
        version=event.version,
        currency=event.basis.currency,
        basis=event.basis.minor,
        limit=event.limit.minor,
        package_limit=event.package_limit.minor if event.package_limit else None,
        ends_at=event.ends_at,
        premium_currency=event.premium.total.currency,
        premium_net=event.premium.net.minor,
        premium_tax=event.premium.tax.minor,
        destination="" if isinstance(event, policies.PolicyIssued) or not event.lane else event.lane.destination,
        since=None if issue else event.occurred_at,
    )
    if known is None:
        return replace(case, cover=cover)
    if event.version < known.version:
        return replace(case, covers=(cover, *case.covers))
    if len(case.covers) + 1 >= MAX_COVERS:
        return contradicted(replace(case, cover=cover), "bound:versions of the policy")
    return replace(case, cover=cover, covers=(*case.covers, known))


def cancelled(case: Case, event: policies.PolicyCancelled) -> Case:
    if case.policy is not None and case.policy.policy_id != event.policy_id:
        return contradicted(case, f"policy:{event.policy_id}")
    known = {each.version: each for each in (*case.ends, *((case.ended,) if case.ended is not None else ()))}
    if event.version in known:
        return case
    known[event.version] = Ended(event.version, event.occurred_at, event.from_start, event.premium_returned.minor)
    *ends, last = (known[version] for version in sorted(known))
    if len(ends) >= MAX_COVERS:
        return contradicted(replace(case, ended=last), "bound:versions of the policy")
    return replace(case, ended=last, ends=tuple(ends))
