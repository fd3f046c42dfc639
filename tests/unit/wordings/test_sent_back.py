"""What `waybond wording check` says of goods that have to come back."""

from __future__ import annotations

import pytest

from tests.support.wordings import clause, found, wording
from waybond_contracts.wording import parse
from waybond_local.wordings.change import Way
from waybond_local.wordings.diff import difference
from waybond_local.wordings.explained import explained
from waybond_local.wordings.reading import UnreadableError, read_text

STEPS = """label_within = "P3D"
handed_in_within = "P10D"
back_within = "P45D"
acknowledged_within = "P5D"
"""


def returning(steps: str = STEPS, peril: str = "damaged") -> str:
    """A wording with a clause that wants goods back, each word of the return on a line of its own."""
    words = 'trigger = "claim"\ntiers = [{ share = "1" }]\n[[clause.remedies]]\nremedy = "return"\n'
    return wording(clause(f"{words}[clause.remedies.journey]\n{steps}", peril, "DA"))


def sentences(body: str) -> tuple[str, ...]:
    return next(part.sentences for part in explained(parse(body)) if part.heading.startswith("Clause DA"))


def test_the_steps_of_a_return_are_said_in_their_order() -> None:
    assert sentences(returning())[-6:] == (
        "It pays once the goods are back, and they are tracked on their way.",
        "The seller has 3 days to send a label; without one a person decides.",
        "The buyer has 10 days from the label to hand the parcel in; if nothing is handed in, it pays nothing, and if "
        "it is handed in later, a person decides.",
        "It has to be back 45 days after that; if it is not, or is lost, a person decides.",
        "The seller has 5 days to say what came back; if the seller says nothing, it pays all the same.",
        "Of what came back damaged, empty, missing or other item, a person decides.",
    )


def test_what_is_worded_otherwise_is_said_otherwise() -> None:
    steps = (
        STEPS.partition("\n")[2] + 'handed_in_late = "counts"\nnot_back = "pay"\nsilent = "refer"\ndamaged = "pay"\n'
    )
    said = sentences(returning(steps))[-5:]
    assert "10 days from when the return is asked for to hand" in said[0]
    assert "later, it goes on as if it had been in time." in said[0]
    assert said[1].endswith("or is lost, it pays all the same.")
    assert said[2].endswith("says nothing, a person decides.")
    assert said[3:] == (
        "Of what came back empty, missing or other item, a person decides.",
        "Of what came back damaged, it pays all the same.",
    )


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        (STEPS + 'empty = "close"\n', 'empty = "close"'),
        (STEPS.partition("\n")[2] + 'unlabelled = "pay"\n', 'unlabelled = "pay"'),
        (STEPS.replace("P45D", "P0D"), 'back_within = "P0D"'),
        (STEPS.replace("P10D", "10 days"), 'handed_in_within = "10 days"'),
    ],
)
def test_what_cannot_be_meant_is_named_with_its_line(steps: str, line: str) -> None:
    body = returning(steps)
    with pytest.raises(UnreadableError) as refused:
        read_text("plain.toml", body)
    assert body.splitlines()[refused.value.line - 1] == line


@pytest.mark.parametrize("peril", ["lost", "not_received", "missing"])
def test_what_never_came_cannot_be_sent_back(peril: str) -> None:
    assert "return-of-nothing" in found(returning(peril=peril))
    assert "return-of-nothing" not in found(returning())


def test_what_changes_in_a_return_is_said_word_by_word() -> None:
    steps = STEPS.replace("P45D", "P30D").replace("P10D", "P7D") + 'empty = "pay"\nsilent = "refer"\n'
    found = [(each.what, each.way) for each in difference(parse(returning()), parse(returning(steps)))]
    assert found == [
        ("return, handed in within: 7 days instead of 10 days", Way.LESS),
        ("return, back within: 30 days instead of 45 days", Way.MORE),
        ("return, silent: refer instead of pay", Way.LESS),
        ("return, empty: pay instead of refer", Way.MORE),
    ]


def test_a_return_that_is_new_is_said_whole() -> None:
    refund = returning().partition("[[clause.remedies]]")[0] + 'remedies = [{ remedy = "refund" }]\n'
    ((what, way),) = [(each.what, each.way) for each in difference(parse(refund), parse(returning()))]
    assert what.startswith("remedies: remedy return, borne by insurer, journey label within 3 days")
    assert way is Way.OTHER
