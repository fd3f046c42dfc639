"""One fact into the claim file."""
