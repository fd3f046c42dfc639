"""The interpreter of wordings: which clauses apply to which package, and why the others do not."""

INTERPRETER = 3
"""Version of the interpreter, named in every decision: it rises when the same wording and facts give another result."""
