"""docs/reference/disputes.md: the providers' codes, states and deadlines in words, from the tables."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from waybond_contracts.providers.reasons import CATEGORIES
from waybond_contracts.providers.tables import read

_HEAD = """\
# Disputes as providers tell them

This page is generated from the tables in `shared/contracts/src/waybond_contracts/providers/` by `make contracts`.
What Waybond does with a dispute is on [disputes](../disputes.md).

`waybond_contracts.providers` reads the tables:

```python
reason_of("mastercard", " 4853")  # OTHER, one of five reasons (ambiguous), code "4853"
reason_of("mastercard", "4853", "product_not_received")  # NOT_RECEIVED
reason_of("visa", "13.1")  # NOT_RECEIVED
state_of("stripe", "needs_response")  # stage CHARGEBACK
answer_within("visa", DisputeStage.CHARGEBACK, at)  # 9 days: the shortest of those that may count
```

A code is compared by its letters and digits alone. One that no table has is OTHER, and not `known`.
"""


def render() -> str:
    """The page."""
    reasons = read("reasons")
    categories = reasons.pop(CATEGORIES)
    return "\n".join([_HEAD, *_reasons(reasons), *_categories(categories), *_states(), *_deadlines()])


def _reasons(providers: dict[str, Any]) -> Iterator[str]:
    yield "## Reasons\n"
    for name, table in providers.items():
        yield f"### {table['title']} (`{name}`)\n"
        if "reads" in table:
            yield f"Hands on the codes of {', '.join(table['reads'])}. After {table['source']}.\n"
            continue
        yield f"After {table['source']}.\n\n|Reason|Codes|\n|---|---|"
        yield from (f"|{reason}|{_words(codes)}|" for reason, codes in table["reasons"].items())
        for code, candidates in table.get("ambiguous", {}).items():
            yield f"|ambiguous: {', '.join(candidates)}|`{code}`|"
        yield ""


def _categories(categories: dict[str, list[str]]) -> Iterator[str]:
    yield "### Categories\n"
    yield "What a provider says beside its code. It decides between the reasons of an ambiguous code, and may say what"
    yield "NOT_AS_DESCRIBED or NOT_RECEIVED is more exactly. The reasons' own names count too.\n"
    yield "|Reason|Words|\n|---|---|"
    yield from (f"|{reason}|{_words(words)}|" for reason, words in categories.items())
    yield ""


def _states() -> Iterator[str]:
    yield "## States\n"
    for name, table in read("states").items():
        yield f"### {table['title']}, `{name}`\n\n|Means|Words|\n|---|---|"
        yield from (f"|stage {stage}|{_words(words)}|" for stage, words in table.get("stages", {}).items())
        yield from (f"|outcome {outcome}|{_words(words)}|" for outcome, words in table.get("outcomes", {}).items())
        if "waits" in table:
            yield f"|it stays at its stage|{_words(table['waits'])}|"
        yield ""


def _deadlines() -> Iterator[str]:
    yield "## Deadlines\n"
    yield "How long a seller has to answer once the dispute reached the stage, where the provider told no instant"
    yield "(`answer_by`). Where several rows may count, the shortest does.\n"
    yield "|Scheme|Stage|Days|Since|Until|Regions|Reasons|After|\n|---|---|---|---|---|---|---|---|"
    for row in read("deadlines")["deadline"]:
        regions, reasons = ", ".join(row.get("regions", ())) or "others", ", ".join(row.get("reasons", ())) or "others"
        dates = f"{_day(row.get('since'))}|{_day(row.get('until'))}"
        yield f"|{row['scheme']}|{row['stage']}|{row['days']}|{dates}|{regions}|{reasons}|{row['source']}|"
    yield ""


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _words(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
