"""How providers of payments and marketplaces tell disputes: their codes, states and deadlines, as tables.

The tables are data (reasons.toml, states.toml, deadlines.toml); docs/reference/disputes.md shows them.
"""

from waybond_contracts.providers.deadlines import Deadline, answer_within
from waybond_contracts.providers.reasons import Reading, reason_of
from waybond_contracts.providers.states import State, state_of

__all__ = ["Deadline", "Reading", "State", "answer_within", "reason_of", "state_of"]
