"""Tracking as a service: what it reads, what it decides with."""

from waybond_contracts import topics
from waybond_kit.service import Definition, Input, InputKind
from waybond_tracking.codec import StateCodec
from waybond_tracking.decide import decide
from waybond_tracking.state import State

DEFINITION: Definition[State] = Definition(
    name="tracking",
    inputs=(
        Input(topics.ORDERS, InputKind.OUTSIDE),
        Input(topics.SHIPMENTS, InputKind.OUTSIDE),
        Input(topics.POLICIES, InputKind.OWN),
        Input(topics.OPERATOR_COMMANDS, InputKind.ANSWERS),
    ),
    progress_topics=(topics.DELAYS,),
    decide=decide,
    codec=StateCodec(),
)
