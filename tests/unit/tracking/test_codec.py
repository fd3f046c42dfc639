"""The state as bytes: small enough to stay inline, and readable for as long as there are orders of its shape."""

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from tests.support.tracking import (
    LATE,
    ORDER,
    SILENT,
    booked,
    clause,
    day,
    order_placed,
    policy_issued,
    scanned,
    story,
)
from waybond_contracts.delays import Feed
from waybond_contracts.shipments import HandedTo, PackageLine, ScanKind
from waybond_contracts.watches import WatchKind
from waybond_contracts.wording import Clock, Scope
from waybond_tracking.codec import UPCASTERS, StateCodec
from waybond_tracking.state import (
    Asked,
    Breach,
    Eta,
    Former,
    Heard,
    Line,
    Package,
    PackagePromise,
    Policy,
    Promised,
    Proof,
    SaidBreach,
    SaidProof,
    SaidReturn,
    SaidSeen,
    Scan,
    State,
    When,
)
from waybond_tracking.watches import watch

K = ScanKind
GOLDEN = Path(__file__).parent / "golden"
INLINE_BYTES = 1_900
CODEC = StateCodec()


def everything() -> State:
    """A state in which every field is set. It is what the golden files hold, that of each shape as far as the shape
    could: never change a file; a new shape gets one, and an upcaster."""
    arrived = When(day(9), day(9.5))
    package = Package(
        id="A",
        booked_at=day(2),
        rebooked_at=day(3),
        carrier="china-post",
        tracking_number="LB1CN",
        lines=(Line("1", 2),),
        packages_in_order=2,
        promises=(PackagePromise(day(3), day(19)),),
        scans=(Scan(K.PICKED_UP, When(day(4)), "17track", "InTransit_PickedUp"),),
        heard=(Heard(When(day(5), day(6)), K.IN_TRANSIT),),
        etas=(Eta(day(18), day(4), day(6)),),
        checked_as_of=day(8),
        spoke=(day(5),),
        replaces="B",
        proofs=(Proof(day(9), "other", True, True, False, 3_000),),
    )
    breach = Breach(
        watch_id="TG-1:0:0",
        package_id="A",
        scope=Scope.PACKAGE,
        kind=WatchKind.DEADLINE,
        clock=Clock.PROMISED_LATEST,
        start=day(19),
        source="ShipmentBooked.promise.latest",
        due=day(26),
        arrived=arrived,
        feed=Feed.ANSWERED,
        asked_at=day(26),
        checked_as_of=day(27),
    )
    return State(
        **ORDER,
        since=day(0),
        placed_at=day(0),
        paid_at=day(0.1),
        promised=day(20),
        lines=(Line("1", 2), Line("gift", 1)),
        free=("gift",),
        lines_revision=1,
        lines_minor=4_000,
        promises=(Promised(1, day(1), day(22)),),
        packages=(package, Package("B")),
        policy=Policy("policy-1001", 2, day(0), day(180), 3, day(30), from_start=True),
        watches=tuple(watch(each) for each in policy_issued(LATE, SILENT + "ask_carrier = true\n").watches),
        former=(Former(day(12), watch(policy_issued(LATE).watches[1])),),
        watched_to=day(26),
        said=(SaidBreach(2, False, breach),),
        seen=(SaidSeen("delivered", "A", 1, True, Scan(K.DELIVERED, arrived, "17track", "x", HandedTo.LOCKER)),),
        asked=(Asked("LO-1:1:0", None, day(26), day(26), day(28)),),
        contents_version=3,
        dropped=1,
        returns=(replace(package, id="R", dispute_id="D-1"),),
        returned=(
            SaidReturn(
                "R", 2, False, day(40), "D-1", "correios", "RR1BR", (Line("1", 1),), *(_of_return(i) for i in range(4))
            ),
        ),
        proved=(SaidProof("A", Proof(day(9), "other", True, True, False, 3_000), day(10)),),
    )


def _of_return(i: int) -> Scan:
    return Scan(K.IN_TRANSIT, When(day(41 + i)), "17track")


def without_lines(state: State) -> State:
    """As shapes before the fifth could hold it: neither lines nor what was told of contents, nor what is replaced."""
    packages = tuple(replace(each, replaces=None) for each in state.packages)
    return replace(state, packages=packages, lines=(), free=(), lines_revision=None, lines_minor=0, contents_version=0)


def without_proofs(state: State) -> State:
    """As shapes before the eighth could hold it: of a delivery only that it was made."""
    packages, returns = ([replace(each, proofs=()) for each in some] for some in (state.packages, state.returns))
    return replace(state, packages=tuple(packages), returns=tuple(returns), proved=())


def golden(shape: int) -> tuple[bytes, bytes]:
    return (GOLDEN / f"shape_{shape}.json").read_bytes(), (GOLDEN / f"shape_{shape}_watches.json").read_bytes()


@pytest.mark.parametrize("shape", range(1, CODEC.shape + 1))
def test_state_of_every_shape_reads_as_it_was_written(shape: int) -> None:
    known = everything() if shape >= 8 else without_proofs(everything())
    known = known if shape >= 7 else replace(known, returns=(), returned=())
    known = known if shape >= 6 else replace(known, former=())
    assert CODEC.decode(shape, *golden(shape)) == (known if shape >= 5 else without_lines(known))


def test_state_is_written_in_the_newest_shape() -> None:
    assert CODEC.encode(everything()) == golden(CODEC.shape)


def test_the_golden_state_sets_every_field() -> None:
    state = everything()
    assert state.policy is not None
    whole = state, state.returns[0], state.policy, state.said[0].breach, state.seen[0].scan, state.asked[0]
    for struct in (*whole, state.returned[0]):
        fields = msgspec.structs.fields(type(struct))
        unset = [field.name for field in fields if getattr(struct, field.name) == field.default]
        assert unset == []


def test_orders_under_the_same_wording_and_lane_share_their_document() -> None:
    one = story().given(order_placed(), policy_issued(LATE), booked(2)).state
    other = story().given(order_placed(promised=9), policy_issued(LATE), scanned(K.PICKED_UP, 3)).state
    assert one is not None
    assert other is not None
    assert CODEC.encode(one)[1] == CODEC.encode(other)[1]


def test_without_a_policy_there_is_no_document() -> None:
    state = story().given(order_placed()).state
    assert state is not None
    body, document = CODEC.encode(state)
    assert document is None
    assert CODEC.decode(CODEC.shape, body, document) == state


def test_an_ordinary_order_stays_inline() -> None:
    told = story().given(
        order_placed(paid=0.1),
        policy_issued(
            LATE,
            SILENT,
            clause("order", "P60D", name="X"),
            clause("fulfilment", "P60D", name="Y"),
            clause("carrier_eta", "P2D", name="Z"),
        ),
        booked(2, lines=[PackageLine(line_id="1", quantity=1), PackageLine(line_id="2", quantity=2)]),
        scanned(K.LABEL_CREATED, 2.1, raw_code="InfoReceived"),
        scanned(K.PICKED_UP, 3, raw_code="InTransit_PickedUp", eta=18),
        scanned(K.IN_TRANSIT, 3.7, raw_code="InTransit_Other"),
        scanned(K.EXPORT_DEPARTED, 5, raw_code="InTransit_Departure", eta=18),
        scanned(K.IMPORT_ARRIVED, 11.2, raw_code="InTransit_Arrival"),
        scanned(K.CUSTOMS_PRESENTED, 11.4, raw_code="InTransit_CustomsProcessing"),
        scanned(K.CUSTOMS_RELEASED, 14, raw_code="InTransit_CustomsReleased"),
        *(scanned(K.IN_TRANSIT, 14.5 + i, raw_code="InTransit_Other", eta=19) for i in range(4)),
        scanned(K.OUT_FOR_DELIVERY, 18.9, raw_code="OutForDelivery_Other"),
        scanned(K.DELIVERED, 19.2, raw_code="Delivered_Other"),
    )
    assert told.state is not None
    assert len(CODEC.encode(told.state)[0]) <= INLINE_BYTES


def test_an_older_shape_is_brought_up_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made up: in shape -1 `since` was called `known`, in shape 0 the order was counted under another name."""
    monkeypatch.setattr(
        "waybond_tracking.codec.UPCASTERS",
        {
            **UPCASTERS,
            -1: lambda raw: {"since": raw.pop("known"), **raw},
            0: lambda raw: {"order_id": raw.pop("number"), **raw},
        },
    )
    old = b'{"tenant":"demo","platform":"shop","number":"1001","known":"2026-01-05T08:00:00Z"}'
    assert CODEC.decode(-1, old, None) == State("demo", "shop", "1001", since=day(0))


def test_bytes_that_are_no_state_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="since"):
        CODEC.decode(1, b'{"tenant":"demo","platform":"shop","order_id":"1"}', None)
