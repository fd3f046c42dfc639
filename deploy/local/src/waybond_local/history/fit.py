"""Fits the rating files of pricing from the SCMS history: `python -m waybond_local.history.fit [--before YEAR]`.

One observation is one order that the product would have taken: what it would have been paid, over what was insured.
Groups get the plain mean of their orders, factors the ratio of actual to expected given the factors before them, and
k comes from the spread of frequency (was the order paid at all) within and between groups, by Buhlmann and Straub's
estimator: the spread of cost would be that of a few very large orders. A tariff that is `timing_only` looks at how late
all orders were, whatever they were worth: parcels are much smaller than what the history ships.
All arithmetic is in Decimal and in the order of the file, so that the same history always gives the same bytes.
"""

import argparse
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

from waybond_contracts.places import Lane
from waybond_contracts.watches import conditions
from waybond_contracts.wording import Clock, Peril, Wording, parse
from waybond_local.history import scms

DEFAULT_BEFORE = 2014
MAX_K = Decimal(10_000)
"""k where groups differ no more than chance: 10,000 observations of its own count for half."""
RATE_DECIMALS = Decimal("0.00000001")
RELATIVITY_DECIMALS = Decimal("0.0001")
BALANCE_DECIMALS = Decimal("0.000001")
ZERO = Decimal(0)
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Observation:
    """One order: `loss` is what the product would have paid for each unit insured; `insured` is its weight in money."""

    origin: str | None
    destination: str
    region: str | None
    service: str | None
    season: str
    band: int
    insured: Decimal
    loss: Decimal


@dataclass(frozen=True, slots=True)
class Group:
    """Mean and number of observations of one group."""

    value: Decimal
    observations: int


def observe(history: scms.History, wording: Wording, tariff: Mapping[str, Any], before: int) -> list[Observation]:
    """The orders promised before the year `before` that the product would have taken, in the order of the file."""
    timing_only: bool = tariff.get("timing_only", False)
    bands: Sequence[int] = tariff["bands_minor"]
    regions = {country: region for region, countries in tariff["regions"].items() for country in countries}
    most = wording.terms.max_order_value if wording.terms else None
    most_minor = Decimal(most.amount) * 100 if most and not timing_only else None
    seen: list[Observation] = []
    for order in history.orders:
        value = order.value_usd_cents
        if order.promised_on.year >= before or value == 0 or (most_minor is not None and value > most_minor):
            continue
        limit = Decimal(value if timing_only else wording.cover.limit_minor)
        insured = ONE if timing_only else min(Decimal(value), limit)
        seen.append(
            Observation(
                origin=order.origin_hint,
                destination=order.destination,
                region=regions.get(order.destination),
                service=order.packages[0].mode,
                season=f"Q{(order.promised_on.month + 2) // 3}",
                band=next((n for n, end in enumerate(bands) if value <= end), len(bands)),
                insured=insured,
                loss=min(benefit(wording, order), limit) / min(value, limit),
            )
        )
    return seen


def benefit(wording: Wording, order: scms.Order) -> Decimal:
    """What the wording would have paid for the order before its limit, in minor units.

    The history knows promise and arrival alone, so only clauses on the promise are observed; loss and damage by scan
    are assumptions of the tariff.
    """
    lane = Lane(origin=order.origin_hint or order.destination, destination=order.destination)
    paid = ZERO
    for package in order.packages:
        shares = (
            share
            for clause in wording.clauses_on(lane)
            if clause.trigger == "automatic" and clause.peril in (Peril.LATE, Peril.LOST)
            for condition in conditions(clause)
            if condition.clock is Clock.PROMISED_LATEST and condition.on(lane)
            for tier in clause.tiers
            if timedelta(days=package.days_late) > (condition.after_on(lane) or tier.after_on(lane) or timedelta.max)
            and (share := Decimal(tier.share or 0))
        )
        paid += max(shares, default=ZERO) * package.value_usd_cents
    return paid


def grouped(observations: Iterable[Observation], key: Callable[[Observation], str | None]) -> dict[str, list[Decimal]]:
    groups: dict[str, list[Decimal]] = defaultdict(list)
    for seen in observations:
        name = key(seen)
        if name is not None:
            groups[name].append(seen.loss)
    return dict(sorted(groups.items()))


def means(groups: Mapping[str, Sequence[Decimal]]) -> dict[str, Group]:
    return {
        name: Group((sum(losses, ZERO) / len(losses)).quantize(RATE_DECIMALS), len(losses))
        for name, losses in groups.items()
    }


def frequencies(groups: Mapping[str, Sequence[Decimal]]) -> dict[str, list[Decimal]]:
    return {name: [ONE if loss else ZERO for loss in losses] for name, losses in groups.items()}


def credibility_k(groups: Mapping[str, Sequence[Decimal]]) -> Decimal:
    """Buhlmann and Straub's estimate of k = variance within groups / variance between their means, in observations."""
    usable = [losses for losses in groups.values() if losses]
    total = sum(len(losses) for losses in usable)
    if len(usable) < 2 or total <= len(usable):
        return MAX_K
    mean = sum((sum(losses, ZERO) for losses in usable), ZERO) / total
    own = [sum(losses, ZERO) / len(losses) for losses in usable]
    within = sum((sum(((x - m) ** 2 for x in losses), ZERO) for losses, m in zip(usable, own, strict=True)), ZERO)
    within /= total - len(usable)
    between = sum((len(losses) * (m - mean) ** 2 for losses, m in zip(usable, own, strict=True)), ZERO)
    between -= (len(usable) - 1) * within
    between /= total - Decimal(sum(len(losses) ** 2 for losses in usable)) / total
    if between <= 0:
        return MAX_K
    return min(MAX_K, max(ONE, within / between)).quantize(ONE)


def credible(group: Group | None, k: Decimal, parent: Decimal) -> Decimal:
    if group is None:
        return parent
    z = Decimal(group.observations) / (group.observations + k)
    return z * group.value + (ONE - z) * parent


@dataclass(frozen=True, slots=True)
class Fitted:
    """All that the history says for one product."""

    all: Group
    base: Mapping[str, Mapping[str, Group]]
    factors: Mapping[str, Mapping[str, Group]]
    k: Mapping[str, Decimal]
    balance: Decimal


LEVELS: Mapping[str, Callable[[Observation], str | None]] = {
    "region": lambda seen: seen.region,
    "destination": lambda seen: seen.destination,
    "lane": lambda seen: f"{seen.origin}-{seen.destination}" if seen.origin else None,
}
FACTORS: Mapping[str, Callable[[Observation], str | None]] = {
    "service": lambda seen: seen.service,
    "season": lambda seen: seen.season,
    "value_band": lambda seen: str(seen.band),
}


def fit(observations: Sequence[Observation]) -> Fitted:
    """Base rates from wide to narrow, then one factor after the other, then the balance."""
    everything = means({"*": [seen.loss for seen in observations]})["*"]
    base = {level: means(grouped(observations, key)) for level, key in LEVELS.items()}
    k = {"base": credibility_k(frequencies(grouped(observations, LEVELS["lane"])))}
    fitted = Fitted(everything, base, {}, k, ONE)
    for name, key in FACTORS.items():
        k[name] = credibility_k(frequencies(grouped(observations, key)))
        expected = [expected_cost(fitted, seen) for seen in observations]
        fitted = replace(fitted, factors={**fitted.factors, name: _relativities(observations, expected, key)})
    cost = sum((seen.loss * seen.insured for seen in observations), ZERO)
    premium = sum((expected_cost(fitted, seen) * seen.insured for seen in observations), ZERO)
    return replace(fitted, balance=(cost / premium).quantize(BALANCE_DECIMALS))


def expected_cost(fitted: Fitted, seen: Observation) -> Decimal:
    """What an order like this one costs for each unit insured."""
    cost = fitted.all.value
    for level, key in LEVELS.items():
        cost = credible(fitted.base[level].get(key(seen) or ""), fitted.k["base"], cost)
    for name, groups in fitted.factors.items():
        cost *= credible(groups.get(FACTORS[name](seen) or ""), fitted.k[name], ONE)
    return cost * fitted.balance


def _relativities(
    observations: Sequence[Observation], expected: Sequence[Decimal], key: Callable[[Observation], str | None]
) -> dict[str, Group]:
    """Actual over expected cost of each group."""
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO])
    for seen, e in zip(observations, expected, strict=True):
        if (name := key(seen)) is not None:
            for n, term in enumerate((seen.loss, e, ONE)):
                sums[name][n] += term
    return {
        name: Group((actual / wanted if wanted else ONE).quantize(RELATIVITY_DECIMALS), int(count))
        for name, (actual, wanted, count) in sorted(sums.items())
    }


def written(wording: Wording, tariff: Mapping[str, Any], fitted: Fitted, before: int) -> str:
    """The rating file, as text."""
    first = 2006
    lines = [
        "# Written by `python -m waybond_local.history.fit`: change tariffs.toml or the script and fit again.",
        f'rating = "{wording.product}-{before}.1"',
        f'note = "Synthetic: derived from the SCMS freight history {first}-{before - 1}, not a market rate."',
        f'source = "SCMS delivery history {first}-{before - 1} (USAID), {fitted.all.observations} orders"',
        'currency = "USD"',
        f'balance = "{fitted.balance}"',
        f"minimum_minor = {_inline(tariff['minimum_minor'])}",
        "",
        "# How many observations of its own a group needs to count for half.",
        "[credibility]",
        *(f'{name} = "{k}"' for name, k in fitted.k.items()),
    ]
    for kind in ("loading", "assumption"):
        if kind in tariff:
            lines += ["", f"[{kind}]", *(f"{name} = {_inline(entry)}" for name, entry in tariff[kind].items())]
    lines += ["", "# Cost per unit insured, before loadings.", "[base]", f"all = {_observed(fitted.all)}"]
    for level, groups in fitted.base.items():
        lines += ["", f"[base.{level}]", *(f"{name} = {_observed(group)}" for name, group in groups.items())]
    for name in ("service", "season"):
        lines += ["", f"[{name}]", *(f"{key} = {_observed(group)}" for key, group in fitted.factors[name].items())]
    bands = fitted.factors["value_band"]
    for n, end in enumerate([*tariff["bands_minor"], None] if tariff["bands_minor"] else []):
        group = bands.get(str(n), Group(ONE, 0))
        lines += ["", "[[value_band]]", *([f"up_to_minor = {end}"] if end is not None else [])]
        lines += [f'value = "{group.value}"', f"observations = {group.observations}"]
    lines += ["", "[regions]", *(f"{region} = {_list(countries)}" for region, countries in tariff["regions"].items())]
    return "\n".join(lines) + "\n"


def _observed(group: Group) -> str:
    return f'{{ value = "{group.value:f}", observations = {group.observations} }}'


def _inline(entry: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(f"{k} = {v}" if isinstance(v, int) else f'{k} = "{v}"' for k, v in entry.items()) + " }"


def _list(items: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{item}"' for item in items) + "]"


def fit_all(before: int = DEFAULT_BEFORE, history: scms.History | None = None) -> dict[str, str]:
    """The text of every rating file that a history is fitted for, by its name: of the products with a tariff."""
    tariffs = tomllib.loads((files("waybond_local.history") / "data" / "tariffs.toml").read_text("utf-8"))
    history = history or scms.read()
    texts: dict[str, str] = {}
    for product_file in sorted((files("waybond_pricing") / "products").iterdir(), key=lambda file: file.name):
        wording = parse(product_file.read_text("utf-8"))
        if wording.product not in tariffs:
            continue  # no history says anything of what it covers: its rating file is written by hand
        tariff = {**tariffs[wording.product], "regions": tariffs["regions"]}
        fitted = fit(observe(history, wording, tariff, before))
        texts[f"{wording.product}-{before}.1.toml"] = written(wording, tariff, fitted, before)
    return texts


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the rating files; with --check, exit 1 where a file differs from what the history gives."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--before", type=int, default=DEFAULT_BEFORE, help="fit on the years before this one")
    parser.add_argument(
        "--out", type=Path, default=Path(str(files("waybond_pricing") / "ratings")), help="folder to write to"
    )
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    options = parser.parse_args(arguments)
    differing = 0
    for name, text in fit_all(options.before).items():
        file = options.out / name
        if not options.check:
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text("utf-8") != text:
            sys.stderr.write(f"{name} is not what the history gives\n")
            differing = 1
    return differing


if __name__ == "__main__":
    raise SystemExit(main())
