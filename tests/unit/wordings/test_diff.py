"""What `waybond wording diff` says of two wordings: every field that differs, and which way it goes for the buyer."""

import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from tests.support.calendars import calendar
from tests.support.wordings import FIELD, LATE, PRODUCTS, body, clause, exclusion, wording
from waybond_contracts.business_days import BusinessDays, Calendar, Shift, Weekday
from waybond_contracts.claimed import AppealTime, Evidence, FirstOffer, Remedy, RemedyKind, SellerTime
from waybond_contracts.disputes import DocumentKind
from waybond_contracts.received import DeliveryFact, Score
from waybond_contracts.refer_when import ReferWhen, SignalName
from waybond_contracts.return_terms import ReturnTerms
from waybond_contracts.sale import Audit, Authority, ReferenceRate, Shadow, Terms
from waybond_contracts.shipments import ScanKind
from waybond_contracts.signals import SubjectKind
from waybond_contracts.windows import OtherClock, OuterLimit
from waybond_contracts.worded import Amount
from waybond_contracts.wording import (
    ClaimWindow,
    Clause,
    Clock,
    Condition,
    Cover,
    Deductible,
    DeliveredBy,
    Exclusion,
    Peril,
    Tier,
    Wording,
    parse,
)
from waybond_local.wordings.diff import difference

RICH = wording(
    clause(
        'title = { en = "A" }\nclock = "order"\ntrigger = "claim"\nlanes = ["*-BR", "*-US"]\nlanes_except = ["CN-US"]\n'
        'limit = { amount = "9" }\nask_carrier = true\nanswer_within = "P2D"\nunanswered = "counts"\n'
        'unanswered_up_to = { amount = "4" }\ndelivered_by = ["door", "locker"]\n'
        'claim_window = { clock = "order", opens = "P1D", closes = "P9D", opens_by_lane = { "*-BR" = "P2D" }, '
        'closes_clock = "delivered", closes_business = { days = 5, calendar = "us" }, '
        'otherwise = { clock = "order", opens = "P1D", closes = "P8D" }, '
        'outer = { clock = "order", after = "P90D" } }\n'
        'deductible = { share = "0.1", amount = { amount = "2" }, categories = ["toys"] }\n'
        'tiers = [{ after = "P2D", after_by_lane = { "*-BR" = "P3D" }, share = "0.1", per = "P1D", '
        'at_least = { amount = "1" }, at_most = { amount = "8", currency = "USD" } }, { after = "P9D", share = "1" }]'
    ),
    clause(
        'any_of = [{ clock = "last_scan", silent_for = "P9D", live_after = 1, live_kinds = ["HELD"] }, '
        '{ scan = "LOST" }]\n'
        'tiers = [{ amount = { amount = "5" }, pays = "credit" }]',
        "lost",
        "LOST",
    ),
    exclusion(
        'title = { en = "X" }\nperils = ["late"]\n'
        'lanes = ["*-BR"]\ncategories = ["art"]\nvalue_above = { amount = "9" }\n'
        'scans = ["HELD"]\ncircumstance = "flood"'
    ),
    '\n[terms]\nrating = "r-1"\nbind_within = "P1D"\nlanes = ["*"]\nlanes_except = ["*-BR"]\nrate_within = "0.1"\n'
    'max_order_value = { amount = "9" }\n'
    'reference_rates = [{ base = "USD", quote = "BRL", rate = "5" }]\n[authority]\nadjuster = { amount = "9" }\n',
    calendar("us"),
    cover='package_limit_minor = 10\nuplift = "0.1"\ndeductible = { share = "0.2" }\n',
)
WORDINGS = [parse(text) for text in (RICH, *map(body, PRODUCTS), *map(body, FIELD))]
DAY = timedelta(days=1)
# What stands where nothing stood, by the field's name.
SAMPLES: dict[str, Any] = {
    "terms": Terms(rating="r-2", bind_within=DAY),
    "authority": Authority(payments=Amount(amount="3")),
    "clock": Clock.ORDER,
    "scan": ScanKind.HELD,
    "claim_window": ClaimWindow(clock=Clock.ORDER),
    "seller": SellerTime(answers_within=DAY),
    "closes_clock": Clock.ORDER,
    "otherwise": OtherClock(clock=Clock.ORDER),
    "outer": OuterLimit(clock=Clock.ORDER, after=DAY),
    "offer": FirstOffer(share="0.5", open_for=DAY),
    "appeal": AppealTime(within=DAY),
    "journey": ReturnTerms(handed_in_within=DAY, back_within=DAY, acknowledged_within=DAY),
    "score": Score(points={DeliveryFact.PHOTO: -5}, refer_from=1, pay_from=2),
    "audit": Audit(share="0.02"),
    "shadow": Shadow(successor="order-protection-2027.1.1"),
    "deductible": Deductible(share="0.3"),
    "delivered_by": (DeliveredBy.DOOR,),
    "live_after": 3,
    "package_limit_minor": 77,
} | dict.fromkeys(("share", "uplift", "rate_within", "most"), "0.7")
SAMPLES |= dict.fromkeys(("opens_business", "closes_business", "business"), BusinessDays(days=3, calendar="us"))
SAMPLES |= dict.fromkeys(
    ("after", "silent_for", "opens", "closes", "per", "answer_within", "within", "label_within"), 5 * DAY
)
SAMPLES |= dict.fromkeys(
    (
        "amount",
        "at_least",
        "at_most",
        "limit",
        "value_above",
        "above",
        "up_to",
        "unanswered_up_to",
        "max_order_value",
        "adjuster",
        "payments",
    ),
    Amount(amount="7"),
)
# What is added to a list, by the field's name.
ITEMS: dict[str, Any] = {
    "any_of": Condition(scan=ScanKind.DESTROYED),
    "tiers": Tier(share="0.9"),
    "evidence": Evidence(any_of=(DocumentKind.STATEMENT,), within=DAY),
    "remedies": Remedy(remedy=RemedyKind.CREDIT),
    "clause": Clause(id="MORE", peril=Peril.LATE, tiers=(Tier(share="1"),), trigger="claim"),
    "exclusion": Exclusion(id="MORE-X", circumstance="war"),
    "reference_rates": ReferenceRate(base="CNY", quote="EUR", rate="0.1"),
    "calendar": Calendar.model_validate(tomllib.loads(calendar("plain"))["calendar"][0]),
    "weekend": Weekday.FRIDAY,
    "shifts": Shift(since=date(2026, 3, 17), offset="+01:00"),
    "holidays": date(2026, 3, 17),
    "worked": date(2026, 3, 21),
    "perils": Peril.MISSING,
    "delivered_by": DeliveredBy.READY_FOR_PICKUP,
    "categories": "jewels",
    "refer_when": ReferWhen(fact=SignalName.CLAIMS_90D, of=SubjectKind.BUYER, above=2),
    "scans": ScanKind.STALE,
    "live_kinds": ScanKind.STALE,
} | dict.fromkeys(("lanes", "lanes_except"), "KE-UG")


def other(name: str, value: Any, annotation: Any) -> list[Any]:
    """Other values of a field than the one it has."""
    literal = next((each for each in (annotation, *get_args(annotation)) if get_origin(each) is Literal), None)
    if literal is not None:
        return [
            each
            for each in (*get_args(literal), "another" if name == "schema_version" else None)
            if each not in (value, None)
        ]
    match value:
        case None:
            return [SAMPLES[name]]
        case bool():
            return [not value]
        case Enum():
            return [each for each in type(value) if each is not value]
        case int():
            return [value + 1, value - 1]
        case str():
            return [f"{value}1"]
        case timedelta() | date():
            return [value + DAY, value - DAY]
        case tuple():
            documents = bool(value) and isinstance(value[0], DocumentKind)
            return [
                (*value, DocumentKind.LISTING if documents else ITEMS[name]),
                *([value[:-1]] if value else []),
                *([value[::-1]] if value[::-1] != value else []),
            ]
        case dict():
            new = DAY if name.endswith("by_lane") else "new"
            return [{**value, "KE-UG": new}, *([{}] if value else [])]
        case _:
            return [None] if type(None) in get_args(annotation) else []


def places(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every field of a wording."""
    if isinstance(part, BaseModel):
        for name, value in part:
            yield (*path, name)
            yield from places(value, (*path, name))
    if isinstance(part, tuple):
        for index, each in enumerate(part):
            yield from places(each, (*path, index))


def changed(part: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The part with the field at the path set to the value, whether that makes a wording or not."""
    if not path:
        return value
    if isinstance(part, tuple):
        return (*part[: path[0]], changed(part[path[0]], path[1:], value), *part[path[0] + 1 :])
    return part.model_copy(update={path[0]: changed(getattr(part, path[0]), path[1:], value)})


def others(part: Any, path: tuple[Any, ...]) -> list[Any]:
    """Other values for the field at the path."""
    for step in path[:-1]:
        part = part[step] if isinstance(part, tuple) else getattr(part, step)
    return other(path[-1], getattr(part, path[-1]), type(part).model_fields[path[-1]].annotation)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Wording, Wording]:
    """A wording, and the same with another value in one field."""
    one = draw(st.sampled_from(WORDINGS))
    path, values = draw(st.sampled_from([(path, values) for path in places(one) if (values := others(one, path))]))
    return one, changed(one, path, draw(st.sampled_from(values)))


def every_change() -> Iterator[tuple[tuple[Any, ...], Wording, Wording]]:
    """Every field of the rich wording with every other value, one at a time."""
    one = parse(RICH)
    for path in places(one):
        for each in others(one, path):
            yield path, one, changed(one, path, each)


@given(pairs())
def test_one_field_that_differs_is_noticed(pair: tuple[Wording, Wording]) -> None:
    one, two = pair
    assert one != two
    assert difference(one, two)
    assert difference(two, one)


def test_every_field_of_the_language_is_noticed() -> None:
    touched = set()
    for path, one, two in every_change():
        assert difference(one, two), path
        touched.add(path[-1])
    models = (
        Wording,
        Cover,
        Clause,
        ClaimWindow,
        Condition,
        Tier,
        Deductible,
        Exclusion,
        Terms,
        ReferenceRate,
        Authority,
    )
    assert touched >= {name for model in models for name in model.model_fields} - {"cover"}


@pytest.mark.parametrize("path", [*PRODUCTS, *FIELD], ids=lambda path: path.stem)
def test_a_wording_does_not_differ_from_itself(path: Path) -> None:
    written_otherwise = body(path).replace('"P1D"', '"PT24H"') + "\n# a remark\n"
    assert difference(parse(body(path)), parse(written_otherwise)) == ()


def said(one: str, two: str) -> list[tuple[str, str, str]]:
    return [(each.about, each.what, each.way.value) for each in difference(parse(one), parse(two))]


def test_durations_are_said_by_lane_and_shorter_is_more() -> None:
    lost = clause(
        'clock = "order"\ntiers = [{ after = "P60D", after_by_lane = { "*-BR" = "P60D" }, share = "1" }]',
        "lost",
        "LO-1",
    )
    sooner = lost.replace('"*-BR" = "P60D"', '"*-BR" = "P45D"')
    assert said(wording(lost), wording(sooner)) == [
        ("Clause LO-1", "Orders to Brazil: lost after 45 days (from the order) instead of 60 days", "more")
    ]
    assert said(wording(sooner), wording(lost)) == [
        ("Clause LO-1", "Orders to Brazil: lost after 60 days (from the order) instead of 45 days", "less")
    ]


def test_a_lane_that_gets_a_duration_of_its_own_had_the_closest_one() -> None:
    plain = clause('clock = "order"\ntiers = [{ after = "P60D", share = "1" }]', "lost", "LO-1")
    named = plain.replace('"P60D"', '"P60D", after_by_lane = { "CN-BR" = "P90D" }')
    assert said(wording(plain), wording(named)) == [
        ("Clause LO-1", "Orders from China to Brazil: lost after 90 days (from the order) instead of 60 days", "less")
    ]


def test_a_new_tier_is_more_and_one_that_is_gone_is_less() -> None:
    one = LATE.replace(', { after = "P30D", share = "0.30" }', "")
    what = "tier 2: 30 days after the order, 30 % of what is insured"
    assert said(wording(one), wording(LATE)) == [("Clause LATE", f"New: {what}", "more")]
    assert said(wording(LATE), wording(one)) == [("Clause LATE", f"Gone: {what}", "less")]


def test_an_exclusion_that_is_new_is_less() -> None:
    more = exclusion('scans = ["HELD"]')
    assert said(wording(LATE), wording(LATE, more)) == [("Exclusion EX", "New: scans HELD", "less")]
    assert said(wording(LATE, more), wording(LATE)) == [("Exclusion EX", "Gone: scans HELD", "more")]


@pytest.mark.parametrize(
    ("before", "after", "way"),
    [
        ("limit_minor = 50000", "limit_minor = 60000", "more"),
        ('period = "P100D"', 'period = "P90D"', "less"),
        ('share = "0.10"', 'share = "0.20"', "more"),
        ('share = "0.10"', 'amount = { amount = "3" }', "other"),
        ('clock = "order"', 'clock = "order"\nlimit = { amount = "5" }', "less"),
        ('clock = "order"', 'clock = "order"\ntrigger = "claim"', "less"),
        ('clock = "order"', 'clock = "order"\nlanes_except = ["*-BR"]', "less"),
        ('clock = "order"', 'clock = "order"\ndelivered_by = ["door"]', "other"),
        ('clock = "order"', 'clock = "payment"', "other"),
        ('limit_currency = "USD"', 'limit_currency = "EUR"', "other"),
    ],
)
def test_it_says_which_way_a_change_goes(before: str, after: str, way: str) -> None:
    one = wording(LATE)
    assert [each for _, _, each in said(one, one.replace(before, after, 1))] == [way]


def test_a_window_that_closes_later_is_more_and_one_that_opens_later_is_less() -> None:
    claim = clause(
        'clock = "order"\ntrigger = "claim"\ntiers = [{ after = "P2D", share = "1" }]\n'
        'claim_window = { clock = "order", opens = "P3D", closes = "P9D" }'
    )
    later = wording(claim.replace("P9D", "P10D"))
    assert [way for _, _, way in said(wording(claim), later)] == ["more"]
    later = wording(claim.replace("P3D", "P4D"))
    assert [way for _, _, way in said(wording(claim), later)] == ["less"]
