"""Makes the texts of a notice from what it tells, in every language: as it is published, and again when it is shown.

A text whose days and words are the same for many orders is made once; order, amounts and the platform's own text are
filled in for each.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from string import Formatter
from typing import NamedTuple

from waybond_claims.case.notified import Told
from waybond_claims.case.state import Case
from waybond_claims.events import notice
from waybond_claims.texts import spelling
from waybond_claims.texts.catalogue import LOCALES, TEXTS
from waybond_claims.texts.shape import MAX_KINDS_NAMED, OTHER_EVIDENCE, PLACES, Place
from waybond_contracts.claims import Notice
from waybond_contracts.orders import Language
from waybond_contracts.wording import parse

FORMS_KEPT = 1_024
TITLES_KEPT = 1_024
MAX_TITLE_CHARACTERS = 120
"""A clause with a longer title is called by its peril."""
MAX_LABEL_CHARACTERS = 200
"""How much of the platform's own text stands in a notice."""

Pieces = tuple[tuple[str, str], ...]
"""A text in pieces: what stands there, and the name of what is filled in behind it, or nothing."""
_DAYS = frozenset({name for name, place in PLACES.items() if place is Place.DAY})


class Fixed(NamedTuple):
    """What is the same for many orders: the key under which forms are kept."""

    about: str
    sentences: tuple[str, ...]
    zone: str
    """Beside the moments: two that are at the same instant are equal, wherever they are told."""
    days: tuple[tuple[str, date], ...]
    moments: tuple[tuple[str, datetime], ...]
    left: tuple[int, str] | None
    """How many, and of which unit."""
    peril: str
    """That the clause covers: told, or the key of the first sentence, which says what happened."""
    kinds: tuple[str, ...]
    titles: tuple[tuple[str, str], ...]
    """Of the clause, by language."""


class Form(NamedTuple):
    """A notice in one language; order, amounts and the platform's text are left open."""

    language: Language
    locale: str
    subject: Pieces
    body: Pieces


def texts(told: Told, case: Case) -> tuple[Notice, ...]:
    """The notice in each language. Raises KeyError for a sentence that no file has."""
    order_id = case.order_key.rpartition("/")[2]
    order = case.order
    currency = order.currency if order is not None else ""
    made: list[Notice] = []
    for form in _forms(_fixed(told, case)):
        given = {name: spelling.amount(minor, currency, form.locale) for name, minor in told.amounts.items()}
        given["order"] = order_id
        given["label"] = told.words.get("label", "")
        made.append(notice(form.language, _filled(form.subject, given), _filled(form.body, given)))
    return tuple(made)


def readable(told: Told) -> bool:
    """Whether the files have its sentences: a notice that a newer release told may have others."""
    sentences = TEXTS[Language.EN]
    names = (*told.sentences, f"{told.about}.subject")
    return all(key in sentences.get(group, ()) for group, _, key in [name.partition(".") for name in names])


def _fixed(told: Told, case: Case) -> Fixed:
    where = spelling.zone(case.order.time_zone if case.order is not None else "UTC")
    days: list[tuple[str, date]] = []
    moments: list[tuple[str, datetime]] = []
    for name, instant in told.instants.items():
        local = instant.astimezone(where)
        if name in _DAYS:
            days.append((name, local.date()))
        else:
            moments.append((name, local))
    words = told.words
    until = told.instants.get("until")
    clause = words.get("clause", "")
    return Fixed(
        told.about,
        told.sentences,
        where.key,
        tuple(days),
        tuple(moments),
        left(told.at, until) if until is not None else None,
        (words.get("peril") or told.sentences[0].rpartition(".")[2]) if clause else "",
        tuple(words["kinds"].split(",")) if "kinds" in words else (),
        _titles(case.wording, clause) if clause else (),
    )


def left(now: datetime, until: datetime) -> tuple[int, str]:
    """How long there is, in whole days, or the largest smaller unit of which there is one; never more than there is."""
    time = max(until - now, timedelta())
    hours, minutes = int(time / timedelta(hours=1)), int(time / timedelta(minutes=1))
    return (time.days, "days") if time.days else (hours, "hours") if hours else (minutes, "minutes")


def is_titled(wording: str, clause_id: str) -> bool:
    """Whether the clause or exclusion has a title, in any language, by which it can be called."""
    return bool(_titles(wording, clause_id))


@lru_cache(TITLES_KEPT)
def _titles(wording: str, clause_id: str) -> tuple[tuple[str, str], ...]:
    """Of a clause or an exclusion; their ids differ."""
    read = parse(wording) if wording else None
    for each in (*read.clause, *read.exclusion) if read is not None else ():
        if each.id == clause_id:
            return tuple([title for title in each.title.items() if 0 < len(title[1]) <= MAX_TITLE_CHARACTERS])
    return ()


@lru_cache(TITLES_KEPT)
def peril_of(wording: str, clause_id: str) -> str:
    """The peril that the clause covers; `other` for a clause that the wording does not have."""
    return next((each.peril.value for each in parse(wording).clause if each.id == clause_id), "other")


@lru_cache(FORMS_KEPT)
def _forms(fixed: Fixed) -> tuple[Form, ...]:
    return tuple([_form(fixed, language, locale) for language, locale in LOCALES.items()])


def _form(fixed: Fixed, language: Language, locale: str) -> Form:
    sentences = TEXTS[language]
    given = {name: spelling.day(each, locale) for name, each in fixed.days}
    given |= {name: spelling.moment(each, locale) for name, each in fixed.moments}
    if fixed.left is not None:
        number, unit = fixed.left
        given["left"] = spelling.counted(number, sentences[unit], locale)
    if fixed.kinds:
        given["kinds"] = kinds_named(fixed.kinds, sentences["evidence"], locale)
    if fixed.peril:
        given["clause"] = dict(fixed.titles).get(language.value) or sentences["peril"][fixed.peril]
    between = "" if language is Language.ZH else " "
    body = between.join([_sentence(sentences, name) for name in fixed.sentences])
    subject = sentences[fixed.about]["subject"]
    return Form(language, locale, _pieces(subject, given), _pieces(body, given))


def kinds_named(kinds: tuple[str, ...], names: Mapping[str, str], locale: str) -> str:
    """Kinds of evidence as a list: a photo of the damage or a video, and the invoice. A text of several kinds with bars
    between them means one of these. Those without a name of their own, and all behind the first MAX_KINDS_NAMED, are
    named together, last.
    """
    groups: list[str] = []
    room, other = MAX_KINDS_NAMED, False
    for group in dict.fromkeys(kinds):
        known = [names[kind] for kind in group.split("|") if kind in names and kind != OTHER_EVIDENCE]
        if known and room:
            groups.append(spelling.either(known[:room], locale))
            room -= min(room, len(known))
        else:
            other = True
    if other:
        groups.append(names[OTHER_EVIDENCE])
    return spelling.listed(groups, locale)


def _sentence(sentences: Mapping[str, Mapping[str, str]], name: str) -> str:
    group, _, key = name.partition(".")
    return sentences[group][key]


def _pieces(text: str, given: Mapping[str, str]) -> Pieces:
    """The text with what is `given` filled in; what is filled in is never read for braces again."""
    pieces: list[tuple[str, str]] = []
    before = ""
    for literal, name, _, _ in Formatter().parse(text):
        before += literal
        if name is not None and name in given:
            before += given[name]
        elif name:
            pieces.append((before, name))
            before = ""
    return (*pieces, (before, ""))


def _filled(pieces: Pieces, given: Mapping[str, str]) -> str:
    return "".join([part for before, name in pieces for part in (before, given[name] if name else "")])
