"""A file that is no wording: what is wrong, on the line it stands on."""

from pathlib import Path

import pytest

from tests.support.wordings import LATE, clause, text_at, wording
from waybond_contracts.fields import MAX_DOCUMENT_CHARACTERS
from waybond_local.wordings.reading import MAX_FILE_BYTES, UnreadableError, read, read_text

PLAIN = wording(LATE)


def refused(body: str) -> tuple[str, str]:
    """The text of the line that is named, and what is said of it."""
    with pytest.raises(UnreadableError) as raised:
        read_text("plain.toml", body)
    lines = body.splitlines()
    return lines[raised.value.line - 1].strip(), str(raised.value.error)


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        (PLAIN.replace('= "order"', '= "orders"'), 'clock = "orders"', "clause.0.clock: expected one of"),
        (PLAIN.replace('"P30D"', '"30 days"'), "tiers = [", "clause.0.tiers.1.after: expected an ISO 8601 duration"),
        (PLAIN.replace("clock =", "klock ="), 'klock = "order"', "clause.0.klock: expected no field of that name"),
        (PLAIN.replace('peril = "late"\n', ""), "[[clause]]", "clause.0.peril: expected a value"),
        (PLAIN.replace('id = "LATE"', 'id "LATE"'), 'id "LATE"', "wording: expected TOML"),
        (PLAIN + 'note = "', 'note = "', "wording: expected TOML"),
        (PLAIN.replace("USD", "usd"), 'limit_currency = "usd"', "cover.limit_currency: expected"),
        (wording(LATE, LATE), "[[clause]]", "clause: expected each id of a clause or exclusion once, got LATE"),
        (
            wording(LATE, clause('clock = "order"\ntiers = [{ share = "1" }]', name="B")),
            'tiers = [{ share = "1" }]',
            "clause.1.tiers: expected an after in every tier",
        ),
    ],
)
def test_it_is_named_with_its_line(body: str, line: str, says: str) -> None:
    at, said = refused(body)
    assert at.startswith(line)
    assert said.startswith(says)


def test_of_two_clauses_the_one_that_is_wrong_is_named() -> None:
    body = wording(LATE, LATE.replace("LATE", "LATER").replace("0.30", "3.0"))
    with pytest.raises(UnreadableError) as raised:
        read_text("plain.toml", body)
    assert raised.value.line == body.splitlines().index('id = "LATER"') + 4  # id, peril, clock, tiers


def test_a_file_that_is_no_text_or_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plain.toml"
    path.write_bytes(b"product = 1\nnote = '\xff'\n")
    with pytest.raises(UnreadableError, match=r"plain\.toml:2: wording: expected text in UTF-8"):
        read(path)
    path.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(UnreadableError, match=f"at most {MAX_DOCUMENT_CHARACTERS} characters"):
        read(path)
    path.write_text("#" * (MAX_DOCUMENT_CHARACTERS + 1))
    with pytest.raises(UnreadableError, match=f"at most {MAX_DOCUMENT_CHARACTERS} characters"):
        read(path)


def test_what_can_be_read_knows_its_lines() -> None:
    found = read_text("plain.toml", PLAIN)
    assert text_at(found, found.line(("cover", "period"))) == 'period = "P100D"'
