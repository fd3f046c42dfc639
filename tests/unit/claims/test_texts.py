"""The files of texts: what is wrong with one is told with the file, the key and what was expected."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from waybond_claims.texts.checks import FOLDER, wrong
from waybond_claims.texts.shape import PLACES, REST
from waybond_contracts.wording import Peril


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A translator's copy of the files."""
    for file in FOLDER.glob("*.toml"):
        shutil.copy(file, tmp_path)
    return tmp_path


def changed(folder: Path, language: str, old: str, new: str) -> list[str]:
    """What is wrong once `old` is `new` in a language's file."""
    path = folder / f"{language}.toml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, text.count(old)
    path.write_text(text.replace(old, new), encoding="utf-8")
    return wrong(folder)


def test_the_files_that_are_installed_are_right() -> None:
    assert wrong() == []


@pytest.mark.parametrize("peril", list(Peril))
@pytest.mark.parametrize("language", ["zh", "en", "pt", "es"])
def test_every_peril_has_its_texts_in_every_language(folder: Path, language: str, peril: Peril) -> None:
    path = folder / f"{language}.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    groups: dict[str, list[str]] = {}
    group = ""
    for line in lines:
        group = line if line.startswith("[") else group
        groups.setdefault(group, []).append(line)
    for name in ("happened", "rest", "peril"):
        kept = [line for line in groups[f"[{name}]"] if not line.startswith(f"{peril} = ")]
        assert len(kept) == len(groups[f"[{name}]"]) - 1
        text = "\n".join([line for key, each in groups.items() for line in (kept if key == f"[{name}]" else each)])
        path.write_text(text, encoding="utf-8")
        assert f"{language}.toml: {name}.{peril}: a sentence was expected" in wrong(folder)


def test_a_sentence_that_is_missing_is_named(folder: Path) -> None:
    assert changed(folder, "es", 'undated = "Le escribiremos en cuanto haya una respuesta."', "") == [
        "es.toml: next.undated: a sentence was expected"
    ]


def test_a_sentence_that_nobody_tells_is_named(folder: Path) -> None:
    (found,) = changed(folder, "pt", "[next]", '[next]\nnever = "nunca"')
    assert found == "pt.toml: next.never: nothing of this name is ever told"


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ("a más tardar pronto", "{until} was expected as in en.toml, got nothing in braces"),
        ("a más tardar el {hasta}", "{hasta} is never filled in; what can be is {amount}, {arrives}"),
        ("a más tardar el {until} {amount}", "{until} was expected as in en.toml, got {amount}, {until}"),
        ("a más tardar el {until", "text was expected in which each brace is closed"),
        ("a más tardar el {until:d}", "text was expected in which each brace is closed"),
        ("a más tardar el {}", "text was expected in which each brace is closed"),
    ],
)
def test_what_is_filled_in_is_what_english_fills_in(folder: Path, new: str, expected: str) -> None:
    (found,) = changed(folder, "es", "nuestra respuesta a más tardar el {until}", f"nuestra respuesta {new}")
    assert found.startswith(f"es.toml: next.answer: {expected}")


def test_a_name_that_is_never_filled_in_is_found_in_english_too(folder: Path) -> None:
    (found,) = changed(folder, "en", "have our answer by {until}", "have our answer by {when}")
    assert found.startswith("en.toml: next.answer: {when} is never filled in")


@pytest.mark.parametrize(
    ("language", "old", "new", "expected"),
    [
        ("en", 'one = "{n} day", ', "", "days.one: a form was expected"),
        (
            "zh",
            '{ other = "{n} 天" }',
            '{ one = "{n} 天", other = "{n} 天" }',
            "days.one: the language has no such plural",
        ),
        ("pt", 'other = "{n} dias"', 'other = "alguns dias"', "days.other: {n} was expected"),
        ("es", '{ one = "{n} hora", other = "{n} horas" }', '"horas"', "hours: a form for each plural was expected"),
    ],
)
def test_a_count_has_the_plurals_of_its_language(
    folder: Path, language: str, old: str, new: str, expected: str
) -> None:
    (found,) = changed(folder, language, old, new)
    assert found.startswith(f"{language}.toml: {expected}")


def test_a_notice_that_can_be_too_long_is_named_with_how_long_it_can_be(folder: Path) -> None:
    """A body has 1,000 characters at most, whatever is filled in; a subject has 200, of which an order's id takes 128.
    Dots are added: 900 to a body that holds an id beside, 100 to a subject."""
    (body,) = changed(folder, "en", "A person is looking at your order {order}.", "." * 900 + "{order}")
    assert body.startswith("en.toml: referred.body + next.")
    assert "at most 1000 characters in all were expected, they can have 1" in body
    subject, _ = changed(folder, "en", "We are looking at your order {order}", "." * 100 + "{order}")
    assert subject == "en.toml: referred.subject: at most 200 characters were expected, it can have 228"


def test_a_file_that_is_no_toml_does_not_keep_the_others_from_being_checked(folder: Path) -> None:
    (folder / "pt.toml").write_text("locale = ", encoding="utf-8")
    (folder / "zh.toml").unlink()
    found = changed(folder, "es", 'locale = "es"', 'locale = "nowhere"')
    assert [each.partition(": ")[0] for each in found] == ["zh.toml", "pt.toml", "es.toml"]
    assert found[2] == "es.toml: locale: a locale such as \"pt_BR\" was expected, got 'nowhere'"


def test_every_name_that_is_filled_in_is_used(folder: Path) -> None:
    text = (folder / "en.toml").read_text(encoding="utf-8")
    assert [name for name in PLACES if f"{{{name}}}" not in text] == []


def test_the_rest_of_an_order_never_reads_as_the_whole_order() -> None:
    from waybond_claims.texts.catalogue import TEXTS

    words = {"zh": "其余商品", "en": "rest of your order", "pt": "restante do seu pedido", "es": "resto de su pedido"}
    for language, texts in TEXTS.items():
        for name in REST:
            assert words[language.value].lower() in texts["rest"][name.removeprefix("rest.")].lower()


def test_the_command_prints_what_is_wrong_and_says_so_by_its_exit_code(folder: Path) -> None:
    command = [sys.executable, "-m", "waybond_claims.texts"]
    good = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
    assert (good.returncode, good.stdout) == (0, "")
    (folder / "es.toml").unlink()
    bad = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert bad.stdout.startswith("es.toml: cannot be read: ")
    assert subprocess.run([*command, "a", "b"], capture_output=True, check=False).returncode == 2
