"""The policy as events of pricing make it: the highest version of its terms, whatever order they come in."""

from msgspec.structs import replace

from waybond_contracts.errors import ContractError
from waybond_contracts.policies import PolicyAmended, PolicyCancelled, PolicyEvent, PolicyIssued
from waybond_tracking.state import Former, Policy, State
from waybond_tracking.watches import watch

MAX_FORMER = 128
"""Watches of earlier versions that the last one does not have; beyond it those of the earliest are forgotten."""


def issued(state: State, event: PolicyIssued) -> State:
    """Cover attaches; the terms are its own unless an amendment is known already."""
    policy = replace(_policy(state, event), attached_at=event.attached_at)
    return _with_terms(replace(state, policy=policy), policy, event)


def amended(state: State, event: PolicyAmended) -> State:
    """The new watches replace the old ones."""
    return _with_terms(state, _policy(state, event), event)


def cancelled(state: State, event: PolicyCancelled) -> State:
    """Cover ended at `occurred_at`, or never was; a later version of the terms would revive it."""
    policy = _policy(state, event)
    if event.version <= policy.cancelled_version:
        return replace(state, policy=policy)
    ended = replace(
        policy, cancelled_version=event.version, cancelled_at=event.occurred_at, from_start=event.from_start
    )
    return replace(state, policy=ended)


def _with_terms(state: State, policy: Policy, event: PolicyIssued | PolicyAmended) -> State:
    if event.version <= policy.version:
        return state
    terms = replace(policy, version=event.version, ends_at=event.ends_at)
    watches = tuple(watch(each) for each in event.watches)
    if watches == state.watches:
        return replace(state, policy=terms)
    gone = [Former(event.occurred_at, each) for each in state.watches if each not in watches]
    former = (*state.former, *gone)
    forgotten = max(0, len(former) - MAX_FORMER)
    return replace(state, policy=terms, watches=watches, former=former[forgotten:], dropped=state.dropped + forgotten)


def _policy(state: State, event: PolicyEvent) -> Policy:
    if state.policy is None:
        return Policy(event.policy_id)
    if state.policy.id != event.policy_id:
        raise ContractError("policy_id", f"the order's one policy {state.policy.id}", event.policy_id)
    return state.policy
