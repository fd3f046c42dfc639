"""What an underwriter asks of a wording: what it says, what changed, and how it decides a story."""
