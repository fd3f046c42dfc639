"""Money commands: one unresolved at a time; answers as they come.

Each step and attempt has an id of its own. The attempt rises only after FAILED or REVERSED. Silence is asked about,
never answered by paying again.
"""
