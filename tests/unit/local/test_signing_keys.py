"""The embedded stack's keys: each service has its own, made once, in a file for its owner alone."""

from pathlib import Path

from waybond_claims.service.links import LinkKeys
from waybond_local.state import quote_keys, status_keys
from waybond_pricing.tokens import QuoteKeys


def test_a_stack_keeps_the_keys_that_it_made(tmp_path: Path) -> None:
    quotes, links = quote_keys(tmp_path), status_keys(tmp_path)
    assert (quote_keys(tmp_path), status_keys(tmp_path)) == (quotes, links)
    assert quotes != links
    assert (QuoteKeys.parse(quotes).current, LinkKeys.parse(links).current) == ("k1", "k1")
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
