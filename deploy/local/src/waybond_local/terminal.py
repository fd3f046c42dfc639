"""What others wrote, as text that does nothing to a terminal."""


def plain(text: str) -> str:
    """The text with everything escaped that is not printable (S: a carrier's text that clears an operator's screen)."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
