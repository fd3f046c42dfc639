"""The orders of the benchmark: what platforms, pricing, tracking and payment systems say about them, by the contracts.

An order is placed, insured under the product `order-protection`, and late; the payment system takes the refund command
and confirms it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from uuid import NAMESPACE_URL, uuid5

from waybond_contracts.delays import Journey, PackageJourney, ScanSeen, ShipmentDelayed
from waybond_contracts.fields import Interval
from waybond_contracts.money import Money
from waybond_contracts.orders import FxRate, Language, OrderLine, OrderPlaced, Payment, Promise
from waybond_contracts.places import Lane
from waybond_contracts.policies import Factor, PolicyIssued, Premium
from waybond_contracts.refunds import IssueRefund, RefundAccepted, RefundSucceeded
from waybond_contracts.shipments import ScanKind
from waybond_contracts.watches import compile_watches
from waybond_contracts.wording import WordingDocument

TENANT, PLATFORM = "bench", "shop"
PRODUCT_FILE = "order-protection-2026.11.1.toml"
SHIPPING_DAYS = 20
WATCH_ID = "TG-1:0:0"
WATCH_DAYS = 7


@dataclass(frozen=True, slots=True)
class Variant:
    """What differs from order to order beside the ids."""

    lane: Lane
    currency: str
    limit_minor: int
    a_dollar: str
    """What one USD costs in the order's currency."""
    language: Language
    time_zone: str
    line_totals_minor: tuple[int, ...]


VARIANTS = (
    Variant(Lane.parse("CN-BR"), "BRL", 267_500, "5.35", Language.PT, "America/Sao_Paulo", (18_990, 4_990)),
    Variant(Lane.parse("CN-MX"), "MXN", 920_000, "18.4", Language.ES, "America/Mexico_City", (54_900,)),
    Variant(Lane.parse("CN-US"), "USD", 50_000, "1", Language.EN, "America/New_York", (2_499, 1_299, 8_950)),
    Variant(Lane.parse("CN-DE"), "EUR", 43_100, "0.862", Language.EN, "Europe/Berlin", (3_599,)),
    Variant(Lane.parse("KR-CL"), "CLP", 466_500, "933", Language.ES, "America/Santiago", (24_990, 7_990)),
    Variant(Lane.parse("CN-JP"), "JPY", 77_650, "155.3", Language.ZH, "Asia/Tokyo", (6_480, 1_200, 980, 2_150)),
    Variant(Lane.parse("HK-GB"), "GBP", 38_200, "0.764", Language.EN, "Europe/London", (4_299,)),
    Variant(Lane.parse("CN-AR"), "USD", 50_000, "1", Language.ES, "America/Argentina/Buenos_Aires", (7_900, 1_450)),
)


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of order number `number`; as long for each order as for any other."""

    number: int

    @property
    def order_id(self) -> str:
        return f"bench-{self.number:08d}"

    @property
    def order_key(self) -> str:
        return f"{TENANT}/{PLATFORM}/{self.order_id}"

    @property
    def policy_id(self) -> str:
        return str(uuid5(NAMESPACE_URL, f"{self.order_key}/order-protection"))


def wording() -> WordingDocument:
    """The product's file as pricing ships it."""
    return WordingDocument.of((files("waybond_pricing") / "products" / PRODUCT_FILE).read_text())


def placed(ids: Ids, variant: Variant, at: datetime) -> OrderPlaced:
    lines = tuple(
        OrderLine(
            line_id=str(n),
            sku=f"SKU-{4_711 + n}",
            quantity=1,
            total=Money.of(minor, variant.currency),
            category="home.kitchen",
            title="Stainless steel vacuum flask, 500 ml, matte black",
        )
        for n, minor in enumerate(variant.line_totals_minor, start=1)
    )
    return OrderPlaced(
        tenant=TENANT,
        platform=PLATFORM,
        order_id=ids.order_id,
        occurred_at=at,
        language=variant.language,
        time_zone=variant.time_zone,
        buyer_ref=f"buyer-{ids.order_id}",
        seller_ref="seller-0815",
        total=Money.of(sum(variant.line_totals_minor), variant.currency),
        lines=lines,
        origin=variant.lane.origin,
        destination=variant.lane.destination,
        promise=Promise(earliest=at + timedelta(days=12), latest=at + timedelta(days=SHIPPING_DAYS)),
        service="standard",
        payment=Payment(provider="cards", reference=f"ch_{ids.order_id}", paid_at=at),
    )


def issued(ids: Ids, variant: Variant, at: datetime) -> PolicyIssued:
    """`at` is when the order became known, so that cover attached."""
    document = wording()
    parsed = document.parsed()
    net = Money.of(sum(variant.line_totals_minor) * 2 // 100, variant.currency)
    factors = (
        Factor(name="base", key=f"{variant.lane}/standard", value="0.0123", result=net, observations=812),
        Factor(name="season", key="2026-11", value="1.10", credibility="0.82"),
        Factor(name="value_band", key="0-50", value="1.00"),
        Factor(name="loading", key="expenses", value="1.25", result=net),
        Factor(name="minimum", key=variant.currency, value="0.10", result=net),
    )
    return PolicyIssued(
        tenant=TENANT,
        platform=PLATFORM,
        order_id=ids.order_id,
        occurred_at=at,
        policy_id=ids.policy_id,
        version=1,
        product=parsed.product,
        product_version=parsed.version,
        wording=document,
        lane=variant.lane,
        attached_at=at,
        ends_at=at + parsed.cover.period,
        basis=Money.of(sum(variant.line_totals_minor), variant.currency),
        limit=Money.of(variant.limit_minor, variant.currency),
        premium=Premium(
            total=net, net=net, tax=net.zero(), rating=parsed.terms.rating if parsed.terms else "", factors=factors
        ),
        rates=()
        if variant.currency == "USD"
        else (FxRate(base="USD", quote=variant.currency, rate=variant.a_dollar, source="benchmark", as_of=at),),
        watches=compile_watches(parsed, variant.lane),
    )


def delayed(ids: Ids, order: OrderPlaced) -> ShipmentDelayed:
    """The parcel is not there a week after the promise; known when the watch fell due."""
    assert order.promise is not None
    start = order.promise.latest
    due = start + timedelta(days=WATCH_DAYS)
    package = _package(ids, order)
    watch = next(each for each in compile_watches(wording().parsed(), order.lane) if each.id == WATCH_ID)
    return ShipmentDelayed(
        tenant=TENANT,
        platform=PLATFORM,
        order_id=ids.order_id,
        occurred_at=due,
        policy_id=ids.policy_id,
        package_id="1",
        version=1,
        as_of=due,
        journey=Journey(packages=(package,), packages_in_order=1, promised_latest=start),
        watch_id=watch.id,
        scope=watch.scope,
        clock=watch.clock,
        clock_start=start,
        clock_source="OrderPlaced.promise.latest",
        due=due,
        breached=True,
    )


def refunded(ids: Ids, command: IssueRefund, at: datetime) -> tuple[RefundAccepted, RefundSucceeded]:
    """The payment system's answers to the command: taken, then done."""
    said = {
        "tenant": TENANT,
        "platform": PLATFORM,
        "order_id": ids.order_id,
        "refund_id": command.refund_id,
        "attempt": command.attempt,
        "provider_refund_ref": f"re_{ids.order_id}",
        "amount": command.amount,
    }
    earlier = at - timedelta(minutes=10)
    return RefundAccepted(**said, occurred_at=earlier, version=1), RefundSucceeded(**said, occurred_at=at, version=2)


def _package(ids: Ids, order: OrderPlaced) -> PackageJourney:
    """The parcel as it was seen last before it was late: held at customs."""
    assert order.promise is not None
    first, last = order.occurred_at + timedelta(days=2), order.occurred_at + timedelta(days=16)
    taken = ScanSeen(kind=ScanKind.PICKED_UP, when=Interval.at(first), provider="cainiao", raw_code="GTMS_ACCEPT")
    held = ScanSeen(kind=ScanKind.CUSTOMS_HELD, when=Interval.at(last), provider="cainiao", raw_code="CC_HO_IN")
    return PackageJourney(
        package_id="1",
        carrier="cainiao",
        tracking_number=f"LP{ids.order_id}CN",
        booked_at=order.occurred_at + timedelta(days=1),
        first_scan=taken,
        last_scan=held,
        kinds=(ScanKind.PICKED_UP, ScanKind.EXPORT_DEPARTED, ScanKind.IMPORT_ARRIVED, ScanKind.CUSTOMS_HELD),
        carrier_eta=order.promise.latest + timedelta(days=12),
    )
