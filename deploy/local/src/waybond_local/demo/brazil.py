"""The story of a parcel from China to Brazil that took three months: what platform, carrier and buyer said, and when.

The dates and amounts are invented; the course is an ordinary one. The carrier's scans in Brazil come with a local time
whose zone is not said, so they travel as intervals.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from waybond_contracts.disputes import DisputeOpened, DisputeReason, DisputeSource
from waybond_contracts.money import Money
from waybond_contracts.orders import CoverSelection, FxRate, Language, OrderLine, OrderPlaced, Payment, Promise
from waybond_contracts.shipments import HandedTo, ScanKind, ShipmentBooked, ShipmentChecked, ShipmentScanned
from waybond_local.replay.timed import About, Timed, merged

PLATFORM = "shop"
ORDER_ID = "BR-1001"
PACKAGE = "LX123456785CN"
TRACKING_NUMBER = "LX123456785CN"
PRODUCT = "order-protection"
ZONE = "America/Sao_Paulo"
LATEST_ZONE = timedelta(hours=3)
"""Brazil's clocks differ by up to three hours from east to west."""
# The payment system says three times that it paid; money moves once.
PAYMENT = Payment(provider="sandbox", kind="card", reference="fate:repeated")
PROMISED_DAY = 41


def told(year: int, tenant: str) -> tuple[Timed, ...]:
    """The story's facts in the order in which they became known; it begins on 2 March of the year."""
    start = datetime(year, 3, 2, tzinfo=UTC)
    about = About(tenant=tenant, platform=PLATFORM, order_id=ORDER_ID)
    return merged(
        (
            Timed(start + timedelta(hours=14, minutes=5), _placed(start, about)),
            *_journey(start, about),
            _complaint(start, about),
            _carrier_asked(start, about),
        )
    )


def order_key(tenant: str) -> str:
    """The story's order."""
    return f"{tenant}/{PLATFORM}/{ORDER_ID}"


def _placed(start: datetime, about: About) -> OrderPlaced:
    lines = (
        OrderLine(line_id="1", sku="kettle-17", quantity=1, total=Money.of(32_990, "BRL"), title="Kettle"),
        OrderLine(line_id="2", sku="cup-3", quantity=2, total=Money.of(8_240, "BRL"), title="Cups"),
    )
    return OrderPlaced(
        **about,
        occurred_at=start + timedelta(hours=14, minutes=5),
        language=Language.PT,
        time_zone=ZONE,
        buyer_ref="buyer-7f3a",
        seller_ref="seller-19",
        total=Money.of(41_230, "BRL"),
        lines=lines,
        origin="CN",
        destination="BR",
        promise=Promise(latest=_evening(start, PROMISED_DAY)),
        service="standard",
        payment=PAYMENT,
        cover=CoverSelection(product=PRODUCT),
        settlement_rate=FxRate(base="USD", quote="BRL", rate="5.35", source="invented", as_of=start),
    )


def _evening(start: datetime, day: int) -> datetime:
    """The end of a day in Sao Paulo."""
    return start + timedelta(days=day + 1, hours=3) - timedelta(seconds=1)


def _journey(start: datetime, about: About) -> Iterator[Timed]:
    booked_at = start + timedelta(days=1, hours=2)
    booked = ShipmentBooked(
        **about,
        occurred_at=booked_at,
        package_id=PACKAGE,
        carrier="china-post",
        tracking_number=TRACKING_NUMBER,
        packages_in_order=1,
        service="standard",
    )
    yield Timed(booked_at, booked)
    for day, hour, kind, country, text in (
        (1, 3, ScanKind.LABEL_CREATED, "CN", "Electronic information received"),
        (3, 8, ScanKind.PICKED_UP, "CN", "Accepted in Shenzhen"),
        (8, 20, ScanKind.EXPORT_DEPARTED, "CN", "Departed from office of exchange"),
        (27, 9, ScanKind.IMPORT_ARRIVED, "BR", "Objeto recebido no Brasil"),
        (29, 13, ScanKind.CUSTOMS_PRESENTED, "BR", "Encaminhado para fiscalização aduaneira"),
        (33, 17, ScanKind.CUSTOMS_HELD, "BR", "Aguardando fiscalização"),
        (53, 11, ScanKind.CUSTOMS_HELD, "BR", "Em fiscalização aduaneira"),
        (89, 10, ScanKind.CUSTOMS_RELEASED, "BR", "Fiscalização concluída"),
        (93, 12, ScanKind.OUT_FOR_DELIVERY, "BR", "Objeto saiu para entrega ao destinatário"),
        (94, 18, ScanKind.DELIVERED, "BR", "Objeto entregue ao destinatário"),
    ):
        at = start + timedelta(days=day, hours=hour)
        until = at + LATEST_ZONE if country == "BR" else at
        scan = ShipmentScanned(
            **about,
            occurred_at=at,
            occurred_until=until,
            package_id=PACKAGE,
            kind=kind,
            handed_to=HandedTo.DOOR if kind is ScanKind.DELIVERED else None,
            provider="china-post",
            raw_text=text,
            country=country,
        )
        yield Timed(until + timedelta(minutes=20), scan)


def _complaint(start: datetime, about: About) -> Timed:
    """The buyer writes three days after the promise: too early under the wording, and answered so."""
    at = start + timedelta(days=44, hours=12)
    complaint = DisputeOpened(
        **about,
        occurred_at=at,
        dispute_id="complaint-1",
        source=DisputeSource.BUYER,
        reason=DisputeReason.NOT_RECEIVED,
        provider=PLATFORM,
    )
    return Timed(at, complaint)


def _carrier_asked(start: datetime, about: About) -> Timed:
    """Thirty days after the last scan the carrier is asked (TrackingCheckRequested); it knows no more than we do."""
    at = start + timedelta(days=84, hours=9)
    checked = ShipmentChecked(
        **about, occurred_at=at, package_id=PACKAGE, as_of=at, provider="china-post", scans_known=7
    )
    return Timed(at, checked)
