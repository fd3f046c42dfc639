"""Checks the files of texts: that each has every sentence, fills in what is known, and stays within a notice's bounds.

English is the file that the others are compared with. What is wrong is told with the file, the key and what was
expected, one line each; a file that cannot be read does not keep the others from being checked.
"""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from babel.core import Locale, UnknownLocaleError

from waybond_claims.notices.rendered import MAX_LABEL_CHARACTERS, MAX_TITLE_CHARACTERS, kinds_named
from waybond_claims.texts import spelling
from waybond_claims.texts.shape import EVIDENCE, MAX_KINDS_NAMED, NOTICES, PLACES, UNITS, Place, keys
from waybond_contracts._iso import EXPONENTS
from waybond_contracts.claims import MAX_NOTICE_CHARACTERS
from waybond_contracts.fields import MAX_ID_CHARACTERS, MAX_INTEGER
from waybond_contracts.orders import Language

FOLDER = Path(__file__).parent
MAX_COUNTED = 999
"""The largest count that is written: days that are left."""
MAX_SUBJECT_CHARACTERS = 200
_UNNAMED = "kind without a name"
_HEAD = ("locale", *UNITS)
_LONGEST_ZONE = timezone(timedelta(hours=-12))


def wrong(folder: Path = FOLDER) -> list[str]:
    """What is wrong with the files of the folder, a line each: `<file>: <key>: <what was expected>`."""
    files: dict[Language, dict[str, Any]] = {}
    found: list[str] = []
    for language in Language:
        path = folder / f"{language.value}.toml"
        try:
            files[language] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:  # no TOML, or no UTF-8
            found.append(f"{path.name}: cannot be read: {error}")
    english = files.get(Language.EN, {})
    for language, file in files.items():
        found += [f"{language.value}.toml: {each}" for each in _wrong(file, english)]
    return found


def _wrong(file: Mapping[str, Any], english: Mapping[str, Any]) -> Iterator[str]:
    locale = file.get("locale")
    try:
        plurals = Locale.parse(str(locale)).plural_form
    except (ValueError, UnknownLocaleError):
        yield f'locale: a locale such as "pt_BR" was expected, got {locale!r}'
        return
    needed = {plurals(number) for number in range(MAX_COUNTED + 1)} | {"other"}
    counts = [each for unit in UNITS for each in _wrong_count(file, unit, needed, set(plurals.tags) | {"other"})]
    sentences = list(_wrong_sentences(file, english))
    yield from counts
    yield from sentences
    if not counts and not sentences:
        yield from _too_long(file, str(locale))


def _wrong_count(file: Mapping[str, Any], unit: str, needed: set[str], known: set[str]) -> Iterator[str]:
    forms = file.get(unit)
    if not isinstance(forms, dict):
        yield f"{unit}: a form for each plural was expected: {', '.join(sorted(needed))}"
        return
    for plural in sorted(needed - set(forms)):
        yield f'{unit}.{plural}: a form was expected: the language has this plural, such as "{{n}} ..."'
    for plural, form in forms.items():
        if plural not in known:
            yield f"{unit}.{plural}: the language has no such plural; it has {', '.join(sorted(known))}"
        elif _names(form) != {"n"}:
            yield f"{unit}.{plural}: {{n}} was expected, once and nothing else in braces, got {form!r}"


def _wrong_sentences(file: Mapping[str, Any], english: Mapping[str, Any]) -> Iterator[str]:
    wanted = keys() | {"evidence": set(english.get("evidence", ())) | EVIDENCE}
    for group in sorted(set(file) - set(wanted) - set(_HEAD)):
        yield f"{group}: nothing of this name is ever told"
    for group, expected in wanted.items():
        sentences = file.get(group)
        if not isinstance(sentences, dict):
            yield f"{group}: a group of sentences was expected: {', '.join(sorted(expected))}"
            continue
        for key in sorted(expected - set(sentences)):
            yield f"{group}.{key}: a sentence was expected"
        for key, text in sentences.items():
            if key not in expected:
                yield f"{group}.{key}: nothing of this name is ever told"
            else:
                yield from _wrong_sentence(f"{group}.{key}", text, english.get(group, {}).get(key))


def _wrong_sentence(name: str, text: object, english: object) -> Iterator[str]:
    names = _names(text)
    if names is None:
        yield f"{name}: text was expected in which each brace is closed, got {text!r}"
        return
    if not str(text).strip() or any(character < " " for character in str(text)):
        yield f"{name}: a sentence without line breaks was expected, got {text!r}"
    unknown = names - set(PLACES)
    if unknown:
        yield f"{name}: {_braced(unknown)} is never filled in; what can be is {_braced(set(PLACES))}"
    expected = _names(english)
    if expected is not None and expected <= set(PLACES) and not unknown and names != expected:
        yield f"{name}: {_braced(expected)} was expected as in en.toml, got {_braced(names)}"


def _names(text: object) -> set[str] | None:
    """The names in braces; None for what is no text that can be filled in."""
    if not isinstance(text, str):
        return None
    names: set[str] = set()
    try:
        for _, name, form, conversion in Formatter().parse(text):
            if name is not None:
                if form or conversion or not name.isidentifier():
                    return None
                names.add(name)
    except ValueError:
        return None
    return names


def _braced(names: set[str]) -> str:
    return ", ".join([f"{{{name}}}" for name in sorted(names)]) or "nothing in braces"


def _too_long(file: Mapping[str, Any], locale: str) -> Iterator[str]:
    """Notices that would be longer than their bound, were the longest of everything filled in."""
    longest = {name: _longest(place, file, locale) for name, place in PLACES.items()}

    def length(name: str) -> int:
        group, _, key = name.partition(".")
        pieces = Formatter().parse(file[group][key]) if name else ()
        return sum([len(text) + (longest[place] if place else 0) for text, place, _, _ in pieces])

    for about, made in NOTICES.items():
        subject = length(f"{about}.subject")
        if subject > MAX_SUBJECT_CHARACTERS:
            yield f"{about}.subject: at most {MAX_SUBJECT_CHARACTERS} characters were expected, it can have {subject}"
        parts = [max(slot, key=length) for slot in made.slots]
        body = sum([length(part) + 1 for part in parts]) - 1
        if body > MAX_NOTICE_CHARACTERS:
            names = " + ".join([part for part in parts if part])
            yield f"{names}: at most {MAX_NOTICE_CHARACTERS} characters in all were expected, they can have {body}"


def _longest(place: Place, file: Mapping[str, Any], locale: str) -> int:
    """How long what is filled in can be, in characters."""
    if place is Place.ORDER:
        return MAX_ID_CHARACTERS
    if place is Place.AMOUNT:
        return max([len(spelling.amount(MAX_INTEGER, currency, locale)) for currency in EXPONENTS])
    if place is Place.DAY:
        return _longest_day(locale)
    if place is Place.MOMENT:
        return _longest_moment(locale)
    if place is Place.LEFT:
        return max(
            [
                len(spelling.counted(MAX_COUNTED, {"other": form}, locale))
                for unit in UNITS
                for form in file[unit].values()
            ]
        )
    if place is Place.CLAUSE:
        return max(MAX_TITLE_CHARACTERS, *[len(name) for name in file["peril"].values()])
    if place is Place.KINDS:
        named = sorted(file["evidence"], key=lambda kind: len(file["evidence"][kind]))[-MAX_KINDS_NAMED:]
        lists = (*named, _UNNAMED), ("|".join(named), _UNNAMED)
        return max([len(kinds_named(kinds, file["evidence"], locale)) for kinds in lists])
    return MAX_LABEL_CHARACTERS


@lru_cache(16)
def _longest_day(locale: str) -> int:
    return max([len(spelling.day(date(2028, month, 28), locale)) for month in range(1, 13)])


@lru_cache(16)
def _longest_moment(locale: str) -> int:
    hours = [datetime(2028, 1, 28, hour, 58, tzinfo=_LONGEST_ZONE) for hour in (0, 11, 12, 23)]
    return _longest_day(locale) + max(
        [len(spelling.moment(hour, locale)) - len(spelling.day(hour.date(), locale)) for hour in hours]
    )
