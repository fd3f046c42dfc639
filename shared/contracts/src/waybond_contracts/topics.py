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
BRAKES = "brakes"
OBSERVATIONS = "observations"
SIGNALS = "signals"


@dataclass(frozen=True, slots=True)
class Topic:
    """`outside`: the broker's append time says when we learned it, as others than our services write it, or as its
    records come from other shards than those on which they lie.

    `progress`: our shards publish Progress on it, behind everything that it covers.
    """

    name: str
    writer: str
    readers: tuple[str, ...]
    outside: bool
    summary: str
    progress: bool = False


_ALL = ("pricing", "tracking", "claims")

TOPICS: tuple[Topic, ...] = (
    Topic(ORDERS, "platforms", (*_ALL, "signals"), True, "What happens to an order at its platform."),
    Topic(SHIPMENTS, "platforms and carriers", ("tracking",), True, "Packages booked, scanned and asked about."),
    Topic(DISPUTES, "platforms and card schemes", ("claims", "signals"), True, "Disputes and chargebacks of buyers."),
    Topic(POLICIES, "pricing", ("tracking", "claims"), False, "Cover bound, declined, amended, cancelled.", True),
    Topic(
        *(DELAYS, "tracking", ("claims", "signals", "platforms and carriers"), False),
        "What tracking concludes of a parcel.",
        True,
    ),
    Topic(CLAIMS, "claims", ("platforms",), False, "What claims decides, and what the buyer is told."),
    Topic(REFUNDS, "claims", ("payment systems",), False, "Commands to payment systems.", True),
    Topic(REFUND_RESULTS, "payment systems", ("claims", "signals"), True, "Answers to the commands."),
    Topic(CLAIM_COMMANDS, "waybond", ("claims",), True, "Decisions of adjusters and buyers."),
    Topic(OPERATOR_COMMANDS, "waybond", (*_ALL, "signals"), True, "Decisions about held orders."),
    Topic(BRAKES, "waybond", ("operators",), True, "What supervisors stop, bound and release of the payments."),
    Topic(OBSERVATIONS, "signals", ("signals",), True, "What is seen of and asked about buyers, addresses, cards, ..."),
    Topic(SIGNALS, "signals", ("claims",), True, "What is known of others' orders when somebody complains."),
)
"""All of them have the same number of partitions; partition n of each is shard n."""

OUTSIDE = frozenset(topic.name for topic in TOPICS if topic.outside)
