"""The claim file, a module a subject."""
