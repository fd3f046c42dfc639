"""What pricing remembers of an order: its facts, what was decided, what was published; and how that becomes bytes."""

from datetime import datetime

import msgspec

from waybond_contracts.money import Money
from waybond_contracts.orders import FxRate
from waybond_contracts.places import Lane

SHAPE = 1
MAX_REFUNDS = 100


class Rate(msgspec.Struct, frozen=True):
    """The exchange rate that came with the order; the policy keeps it."""

    base: str
    quote: str
    rate: str
    source: str
    as_of: datetime

    @classmethod
    def of(cls, rate: FxRate | None) -> "Rate | None":
        return None if rate is None else cls(rate.base, rate.quote, rate.rate, rate.source, rate.as_of)

    def fx_rate(self) -> FxRate:
        return FxRate(base=self.base, quote=self.quote, rate=self.rate, source=self.source, as_of=self.as_of)


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of an order decides about its cover; amounts in minor units of `currency`."""

    placed_at: datetime
    known_at: datetime
    currency: str
    total_minor: int
    items_minor: int
    shipping_minor: int
    origin: str
    destination: str
    service: str = ""
    promise_latest: datetime | None = None
    rate: Rate | None = None
    wanted: bool = True
    product: str | None = None
    token: str | None = None

    @property
    def lane(self) -> Lane:
        return Lane(origin=self.origin, destination=self.destination)

    @property
    def total(self) -> Money:
        return Money.of(self.total_minor, self.currency)


class AmendedAmount(msgspec.Struct, frozen=True):
    """An amount as the highest revision that gave it says."""

    revision: int
    minor: int
    currency: str


class AmendedPlace(msgspec.Struct, frozen=True):
    """A country as the highest revision that gave it says."""

    revision: int
    country: str


class Refund(msgspec.Struct, frozen=True):
    """What the platform gave back itself."""

    minor: int
    currency: str


class Policy(msgspec.Struct, frozen=True, omit_defaults=True):
    """The policy as it was last published; amounts in minor units of the order's currency."""

    policy_id: str
    product: str
    """The product's key."""
    version: int
    ends_at: datetime
    basis_minor: int
    premium_minor: int
    bound_premium_minor: int
    destination: str
    ended: str = ""
    """Why it ended, or empty while it is in force."""
    returned_minor: int = 0
    """What of the premium was given back when it ended."""
    wording: str = ""
    """The product file's text; kept once by its SHA-256, not in the state's bytes."""


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """All facts of one order under their business keys, and what came of them."""

    tenant: str
    platform: str
    order_id: str
    first_known_at: datetime
    order: Order | None = None
    total: AmendedAmount | None = None
    items: AmendedAmount | None = None
    destination: AmendedPlace | None = None
    cancelled_at: datetime | None = None
    """When the cancellation became known."""
    refunds: dict[str, Refund] = {}
    """By the platform's id of the refund; of one id with several amounts the largest counts."""
    declined: str = ""
    policy: Policy | None = None
    closed_at: datetime | None = None
    """When it was declined or the policy ended; not set while it is in force."""


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(State)


class StateCodec:
    """State as JSON; the wording's text travels beside it as the document."""

    shape = SHAPE

    def encode(self, state: State) -> tuple[bytes, bytes | None]:
        if state.policy is None:
            return _ENCODER.encode(state), None
        bare = msgspec.structs.replace(state, policy=msgspec.structs.replace(state.policy, wording=""))
        return _ENCODER.encode(bare), state.policy.wording.encode()

    def decode(self, shape: int, state: bytes, document: bytes | None) -> State:
        """Raises ValueError for a shape that this code does not know."""
        if shape != SHAPE:
            raise ValueError(f"state of shape {shape}: this code knows {SHAPE}")
        read = _DECODER.decode(state)
        if read.policy is None or document is None:
            return read
        return msgspec.structs.replace(read, policy=msgspec.structs.replace(read.policy, wording=document.decode()))
