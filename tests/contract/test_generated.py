"""What is generated from the models is current, valid, and says of each field what it is and how large it may be."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests.contract.examples import EXAMPLES
from tests.support.sources import ROOT
from waybond_contracts.fields import Model
from waybond_contracts.generate import iso
from waybond_contracts.generate.__main__ import artefacts, differences, main, write
from waybond_contracts.generate.schemas import event_schemas, wording_schema
from waybond_contracts.generate.vocabulary import PROVIDERS, VOCABULARY
from waybond_contracts.registry import EVENT_TYPES, decode, encode
from waybond_contracts.shipments import ScanKind
from waybond_contracts.topics import BRAKES, TOPICS
from waybond_contracts.wording import Clock

SCHEMAS = event_schemas()
PRODUCT_FILES = (ROOT / "services/pricing/src/waybond_pricing/products", ROOT / "tests/fixtures/wordings")
EVENTS = sorted(EVENT_TYPES)
UNBOUNDED_PATTERN_SIGNS = ("*", "+", ",}")


def test_the_committed_files_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err


def test_the_tables_of_iso_are_current() -> None:
    assert iso.TARGET.read_text(encoding="utf-8") == iso.render(), "run `python -m waybond_contracts.generate.iso`"


def test_the_check_says_which_file_differs_is_missing_or_left_over(tmp_path: Path) -> None:
    wanted = {tmp_path / f"{name}.json": '{"a": 1}\n' for name in ("same", "changed", "missing")}
    write(wanted, [tmp_path])
    (tmp_path / "changed.json").write_text('{"a": 2}\n')
    (tmp_path / "missing.json").unlink()
    (tmp_path / "left_over.json").write_text("{}")

    changed, missing, left_over = differences(wanted, [tmp_path])

    assert "changed.json differs" in changed
    assert '-{"a": 2}\n+{"a": 1}' in changed
    assert "missing.json is missing" in missing
    assert "left_over.json is of no event any more" in left_over
    write(wanted, [tmp_path])
    assert differences(wanted, [tmp_path]) == []
    assert not (tmp_path / "left_over.json").exists()


def test_there_is_a_schema_for_every_event_and_for_progress_and_a_page_about_them() -> None:
    assert set(SCHEMAS) == {model.__name__ for model in EVENT_TYPES.values()} | {
        *("Progress", "BrakeSet", "BrakeReleased")
    }
    page = artefacts()[ROOT / "docs" / "reference" / "events.md"]
    assert all(f"### {model.__name__}\n" in page for model in EVENT_TYPES.values())


def test_the_page_about_product_files_says_what_every_part_and_clock_is() -> None:
    page = artefacts()[ROOT / "docs" / "reference" / "products.md"]
    parts = wording_schema()["$defs"]
    assert [name for name in parts if f"\n## {name}\n" not in page] == []
    assert {clock for clock in Clock if f"|`{clock}`|" in page} == set(Clock)
    links = set(re.findall(r"\]\(#(\w+)\)", page))
    assert links <= {name.lower() for name in parts}
    used = {path for folder in PRODUCT_FILES for path in folder.glob("*.toml")}
    fields = {name for path in used for name in names(tomllib.loads(path.read_text(encoding="utf-8")))}
    assert len(fields) > 40
    assert {name for name in fields if f"|`{name}`|" not in page} == set()


def names(part: object) -> Iterator[str]:
    """The fields of a file, but not the languages and lanes that a table is by."""
    match part:
        case dict():
            for name, value in part.items():
                yield name
                if name != "title" and not name.endswith("_by_lane"):
                    yield from names(value)
        case list():
            for each in part:
                yield from names(each)
        case _:
            pass


def test_the_readme_names_events_and_files_that_are_there() -> None:
    path = ROOT / "shared" / "contracts" / "README.md"
    text = path.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert len(links) >= 6
    assert [link for link in links if not (path.parent / link).exists()] == []
    named = set(re.findall(r"`((?:[A-Z][a-z]+){2,})`", text)) - {"ContractError"}
    assert len(named) > 10
    assert named <= set(SCHEMAS)


def test_every_event_lies_on_a_topic_and_every_topic_has_events() -> None:
    assert {model.topic for model in EVENT_TYPES.values()} | {BRAKES} == {topic.name for topic in TOPICS}


def test_the_vocabulary_of_scans_is_whole() -> None:
    assert list(VOCABULARY) == list(ScanKind)
    assert all(len(meaning.codes) == len(PROVIDERS) for meaning in VOCABULARY.values())


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_is_valid_and_names_itself_its_type_and_its_topics(name: str) -> None:
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:waybond:event:{name}"
    assert schema["x-cloudevents-type"] == f"io.waybond.{name}"
    assert set(schema["x-topics"]) <= {topic.name for topic in TOPICS}
    assert schema["description"]


@pytest.mark.parametrize("name", [*sorted(SCHEMAS), "Wording"])
def test_every_field_is_described_and_bounded(name: str) -> None:
    schema = SCHEMAS.get(name) or wording_schema()
    silent = [path for path, field in all_fields(schema) if not field.get("description")]
    assert silent == []
    endless = [path for path, part in values(schema, "") if not bounded(part)]
    assert endless == []


@pytest.mark.parametrize(
    "endless",
    [
        {"type": "string"},
        {"type": "string", "pattern": "^[a-z]+$"},
        {"type": "integer", "minimum": 0},
        {"type": "array", "items": {}},
        {"type": "object", "additionalProperties": {}},
        {"type": "number"},
    ],
)
def test_the_check_for_bounds_finds_what_has_none(endless: dict[str, Any]) -> None:
    assert not bounded(endless)


@pytest.mark.parametrize("event_type", EVENTS)
def test_the_schema_accepts_the_example_and_what_we_write_of_it(event_type: str) -> None:
    validator = Draft202012Validator(SCHEMAS[event_type.rpartition(".")[2]], format_checker=FormatChecker())
    example = EXAMPLES[event_type]
    validator.validate(example)
    event = decode(event_type, json.dumps(example).encode(), strict=True).event
    written = json.loads(encode(event))
    validator.validate(written)
    assert decode(event_type, encode(event), strict=True).event == event


@pytest.mark.parametrize("event_type", EVENTS)
def test_the_examples_show_every_field(event_type: str) -> None:
    fields = set(EVENT_TYPES[event_type].model_fields)
    assert fields - set(EXAMPLES[event_type]) == set()


def test_a_field_that_may_be_none_is_none_when_it_is_left_out() -> None:
    """`encode` leaves out what is None: another default would come back instead of it."""
    other = [
        f"{model.__name__}.{name}"
        for model in models(Model)
        if model.__module__.startswith("waybond_contracts.")
        for name, field in model.model_fields.items()
        if NoneType in get_args(field.annotation) and (field.is_required() or field.default is not None)
    ]
    assert other == []


def models(root: type[Model]) -> Iterator[type[Model]]:
    for model in root.__subclasses__():
        yield model
        yield from models(model)


def all_fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, part in {schema["title"]: schema, **schema.get("$defs", {})}.items():
        for field, given in part.get("properties", {}).items():
            yield f"{name}.{field}", given


def values(schema: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of a text, a number, an array or a map within a schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("type"), str):
            yield path, schema
        for key, value in schema.items():
            yield from values(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for ordinal, each in enumerate(schema):
            yield from values(each, f"{path}/{ordinal}")


def bounded(schema: dict[str, Any]) -> bool:
    match schema["type"]:
        case "string":
            pattern = schema.get("pattern", "*")
            length = "maxLength" in schema or not any(sign in pattern for sign in UNBOUNDED_PATTERN_SIGNS)
            return length or "enum" in schema or "const" in schema or schema.get("format") == "date-time"
        case "integer":
            return {"minimum", "maximum"} <= schema.keys() or "const" in schema
        case "array":
            return "maxItems" in schema
        case "object":
            return "properties" in schema or "maxProperties" in schema
        case _:
            return schema["type"] in ("boolean", "null")
