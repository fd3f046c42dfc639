"""Asks an HTTP service what its own OpenAPI document says can be asked, right and wrong, and checks each answer.

In a process of its own: schemathesis changes Hypothesis for the whole process, so that other tests would draw otherwise
and tell nothing of what they drew.
"""

from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

Headers = dict[str, str]
People = list[Headers]
Known = dict[str, list[str]]
REQUESTS = 12
"""Of each of the operations."""
CHECKS: list[Any] = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def check(base: str, document: dict[str, Any], people: People, known: Known, patience_seconds: float) -> list[str]:
    """Send many requests of each operation, each by one of the people; what was not as the document says.

    `known`: by a parameter's name values that lead somewhere.
    """
    wrong: list[str] = []
    for (method, path), operation in operations(document).items():
        try:
            _check(base, operation, people, known, patience_seconds)
        except Exception as error:  # a failure of schemathesis cannot be told from process to process
            wrong.append(f"{method} {path}: {error}")
    return wrong


def operations(document: dict[str, Any]) -> dict[tuple[str, str], APIOperation]:
    """By method and path, each operation of the document."""
    found: dict[tuple[str, str], APIOperation] = {}
    for each in schemathesis.openapi.from_dict(document).get_all_operations():
        assert isinstance(each, Ok), each
        operation = each.ok()
        found[operation.method, operation.path] = operation
    return found


def _check(base: str, operation: APIOperation, people: People, known: Known, patience_seconds: float) -> None:
    """Send many requests of one operation, right and wrong ones, each by one of the people."""
    right = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    somewhere = {name: st.sampled_from(known[name]) for name in known}

    @st.composite
    def leading_somewhere(draw: st.DrawFn) -> Case:
        case = draw(right)
        case.path_parameters |= {name: draw(each) for name, each in somewhere.items() if name in case.path_parameters}
        if isinstance(case.body, dict):
            case.body |= {name: draw(each) for name, each in somewhere.items() if name in case.body}
        return case

    wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    with requests.Session() as session:

        @settings(
            max_examples=REQUESTS,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        )
        @given(leading_somewhere() | leading_somewhere() | right | wrong, st.sampled_from(people))
        def ask_for(case: Case, headers: Headers) -> None:
            answer = case.call(base_url=base, session=session, headers=headers, timeout=patience_seconds)
            case.validate_response(answer, checks=CHECKS)

        ask_for()
