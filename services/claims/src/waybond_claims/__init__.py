"""Claims: adjudicates by the wording and commands refunds, once."""
