"""The breaker, documents in memory, settings: each within its bounds."""

import pytest

from waybond_kit.breaker import MAX_FAULTS, WINDOW_SECONDS, Breaker
from waybond_kit.documents import Documents
from waybond_kit.errors import StartError
from waybond_kit.settings import Settings, load


def test_the_breaker_allows_so_many_faults_a_minute() -> None:
    breaker = Breaker()
    assert breaker.allows(MAX_FAULTS, now=0.0) and not breaker.allows(MAX_FAULTS + 1, now=0.0)
    breaker.note(MAX_FAULTS, now=0.0)
    assert breaker.allows(0, now=1.0) and not breaker.allows(1, now=1.0)
    assert breaker.allows(MAX_FAULTS, now=WINDOW_SECONDS)


def test_documents_are_known_once_the_database_holds_them_and_the_oldest_are_dropped() -> None:
    documents = Documents(max_documents=2, max_bytes=100)
    hashes = {}
    for body in (b"a", b"b", b"c"):
        hashes[body], known = documents.hash(body)
        assert not known and len(hashes[body]) == 32
        documents.remember(hashes[body], body)
        assert documents.hash(body) == (hashes[body], True)
    assert documents.body(hashes[b"a"]) is None and documents.body(hashes[b"c"]) == b"c"
    documents.remember(documents.hash(b"x" * 101)[0], b"x" * 101)
    assert documents.body(hashes[b"c"]) is None


def test_settings_come_from_the_environment_and_have_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBOND_BATCH_RECORDS", "250")
    monkeypatch.setenv("WAYBOND_INSTANCE", "")
    settings = load(Settings)
    assert (settings.batch_records, settings.kafka, settings.instance) == (250, "127.0.0.1:9092", None)
    assert "waybond@" not in repr(settings), "the database's password is not shown"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("BATCH_RECORDS", "0", "greater than or equal to 1"),
        ("HTTP_PORT", "70000", "less than or equal to 65535"),
        ("KAFKA_SECURITY", "TLS", "Input should be 'PLAINTEXT'"),
        ("SESSION_SECONDS", "2", "WAYBOND_SESSION_SECONDS must be at least 6"),
        ("IDLE_IN_TRANSACTION_SECONDS", "20", "must be below WAYBOND_SESSION_SECONDS"),
        ("REPLAY", "perhaps", "valid boolean"),
        ("DATABASE", "mysql://db/claims", "must be a DSN such as postgresql://"),
        ("DATABASE", "postgresql://role@db:x/claims", "must be a DSN such as postgresql://"),
        ("KAFKA", "broker:x", "String should match pattern"),
        ("KAFKA", "one:9092,two", "String should match pattern"),
        ("KAFKA_CA", "/nowhere/ca.pem", "Path does not point to a file"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    monkeypatch.setenv(f"WAYBOND_{name}", value)
    with pytest.raises(StartError) as raised:
        load(Settings)
    assert f"WAYBOND_{name}" in str(raised.value) and words in str(raised.value)
    assert "role@db" not in str(raised.value), "what stands in a DSN is not shown"


def test_a_broker_that_asks_for_a_password_needs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBOND_KAFKA_SECURITY", "SASL_SSL")
    with pytest.raises(StartError, match="WAYBOND_KAFKA_USER and WAYBOND_KAFKA_PASSWORD are needed"):
        load(Settings)
