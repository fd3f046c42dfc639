"""The topics: who writes each and what lies on it."""

from dataclasses import dataclass

MAX_RECORD_BYTES = 1_000_000
"""Largest value of a record; the broker's own bound (max.message.bytes) lies a little higher, for the headers."""

ORDERS = "orders"
SHIPMENTS = "shipments"
DISPUTES = "disputes"
POLICIES = "policies"
DELAYS = "delays"
CLAIMS = "claims"
REFUNDS = "refunds"
REFUND_RESULTS = "refund-results"
CLAIM_COMMANDS = "claim-commands"
OPERATOR_COMMANDS = "operator-commands"


@dataclass(frozen=True, slots=True)
class Topic:
    """`outside`: written by others than our services, so the broker's append time says when we learned it."""

    name: str
    writer: str
    outside: bool
    summary: str


TOPICS: tuple[Topic, ...] = (
    Topic(ORDERS, "platforms", True, "What happens to an order at its platform."),
    Topic(SHIPMENTS, "platforms and carriers", True, "Packages booked, scanned and asked about."),
    Topic(DISPUTES, "platforms and card schemes", True, "Disputes and chargebacks of buyers."),
    Topic(POLICIES, "pricing", False, "Cover bound, declined, amended, cancelled."),
    Topic(DELAYS, "tracking", False, "What tracking concludes of a parcel."),
    Topic(CLAIMS, "claims", False, "What claims decides, and what the buyer is told."),
    Topic(REFUNDS, "claims", False, "Commands to payment systems."),
    Topic(REFUND_RESULTS, "payment systems", True, "Answers to the commands."),
    Topic(CLAIM_COMMANDS, "the HTTP interface of claims and waybond", True, "Decisions of adjusters and buyers."),
    Topic(OPERATOR_COMMANDS, "waybond", True, "Decisions of operators about held orders."),
)
"""All of them have the same number of partitions; partition n of each is shard n."""

OUTSIDE = frozenset(topic.name for topic in TOPICS if topic.outside)
