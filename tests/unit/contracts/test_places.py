"""Lanes and the patterns by which wordings name them."""

import pytest
from pydantic import TypeAdapter, ValidationError

from waybond_contracts._iso import COUNTRIES
from waybond_contracts.errors import ContractError, contract_error
from waybond_contracts.places import ALIASES, Country, Lane, LanePattern, precise

CN_BR = Lane.parse("CN-BR")
BR_BR = Lane.parse("BR-BR")


@pytest.mark.parametrize(
    ("pattern", "abroad", "at_home"),
    [
        ("*", True, True),
        ("international", True, False),
        ("domestic", False, True),
        ("CN-BR", True, False),
        ("*-BR", True, True),
        ("CN-*", True, False),
        ("*-*", True, True),
        ("BR-CN", False, False),
        ("*-AR", False, False),
    ],
)
def test_a_pattern_names_lanes(pattern: str, abroad: bool, at_home: bool) -> None:
    assert TypeAdapter(LanePattern).validate_python(pattern) == pattern
    assert (CN_BR.matches(pattern), BR_BR.matches(pattern)) == (abroad, at_home)


@pytest.mark.parametrize("pattern", ["", "-", "CN", "CN-", "-BR", "CN-BR-AR", "cn-br", "CN-ZZ", "UK-*", "*-B*", "\x00"])
def test_what_is_no_pattern_is_refused_with_what_was_expected(pattern: str) -> None:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(LanePattern).validate_python(pattern)
    assert "a pattern such as CN-BR" in contract_error(error.value).expected


def test_the_closest_pattern_is_the_most_precise_one() -> None:
    patterns = ["CN-BR", "*-BR", "*-*", "international", "*"]
    assert sorted(patterns, key=precise, reverse=True) == patterns
    assert precise("CN-*") == precise("*-BR")


def test_a_lane_is_read_and_written() -> None:
    assert str(CN_BR) == "CN-BR"
    assert Lane.parse("UK-EL") == Lane(origin="GB", destination="GR")
    for text in ("CN", "CN-", "CN-ZZ", "", "CN-BR-AR"):
        with pytest.raises(ContractError) as error:
            Lane.parse(text)
        assert error.value.field == "lane"


def test_countries_are_those_of_iso_and_kosovo() -> None:
    country = TypeAdapter(Country)
    assert len(COUNTRIES) == 250
    assert "XK" in COUNTRIES
    assert all(country.validate_python(code) == code for code in COUNTRIES)
    assert {alias: country.validate_python(alias) for alias in ALIASES} == {"UK": "GB", "EL": "GR"}
    for code in ("ZZ", "EU", "br", "BRA", ""):
        with pytest.raises(ValidationError):
            country.validate_python(code)
