"""What a provider's own state says of where a dispute is, or of how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass

from waybond_contracts.disputes import DisputeOutcome, DisputeStage
from waybond_contracts.providers.tables import key, read


@dataclass(frozen=True, slots=True)
class State:
    """What a state says: a stage, an outcome, or neither, where the dispute stays at its stage."""

    stage: DisputeStage | None = None
    outcome: DisputeOutcome | None = None
    known: bool = True
    """Whether the tables have the word."""


WAITS, UNKNOWN = State(), State(known=False)


def state_of(provider: str, raw_status: str) -> State:
    """What the provider's state says; a state or a provider that no table has is not `known`.

    provider: paypal, stripe, adyen, klarna-v3, klarna-v4, ebay, hyperswitch. Klarna needs the version: its
    PRE-ARBITRATION is the first state of version 3, and comes after a preliminary loss in version 4.
    """
    return _STATES.get(key(provider), {}).get(key(raw_status), UNKNOWN)


def _states() -> Mapping[str, Mapping[str, State]]:
    found: dict[str, dict[str, State]] = {}
    for provider, table in read("states").items():
        words = found[key(provider)] = {key(word): WAITS for word in table.get("waits", ())}
        for stage, names in table.get("stages", {}).items():
            words |= {key(word): State(stage=DisputeStage(stage)) for word in names}
        for outcome, names in table.get("outcomes", {}).items():
            words |= {key(word): State(outcome=DisputeOutcome(outcome)) for word in names}
    return found


_STATES = _states()
