"""Signals as a service: what it reads, what it decides with."""

from waybond_contracts import topics
from waybond_kit.service import Definition, Input, InputKind
from waybond_signals.codec import StateCodec
from waybond_signals.decide import decide
from waybond_signals.state import State

DEFINITION: Definition[State] = Definition(
    name="signals",
    inputs=(
        Input(topics.ORDERS, InputKind.OUTSIDE),
        Input(topics.DISPUTES, InputKind.OUTSIDE),
        Input(topics.DELAYS, InputKind.OWN),
        Input(topics.REFUND_RESULTS, InputKind.OUTSIDE),
        Input(topics.OBSERVATIONS, InputKind.ANSWERS),
        Input(topics.OPERATOR_COMMANDS, InputKind.ANSWERS),
    ),
    progress_topics=(),
    decide=decide,
    codec=StateCodec(),
)
