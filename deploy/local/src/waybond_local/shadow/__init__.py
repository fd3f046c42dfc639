"""Decides what was covered under another wording, beside the services: what that would change, clause by clause."""
