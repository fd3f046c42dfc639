"""Loads what every test may use: servers, and what holds for a whole run."""

pytest_plugins = ["tests.support.session", "tests.support.servers", "tests.support.toy_processes"]
