"""What FastAPI does not see of the desk's routes, for the OpenAPI document: bodies and queries that are read here, and
problems."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from waybond_claims.service.desk import models
from waybond_claims.service.desk.listing import ListQuery
from waybond_contracts.fields import Model
from waybond_kit.web import MEDIA_TYPE

REFS = "#/components/schemas/{model}"
BODIES: tuple[type[Model], ...] = (
    models.AssignBody,
    models.SnoozeBody,
    models.BoostBody,
    models.NoteBody,
    models.DecideBody,
    models.BulkBody,
)


class ProblemBody(Model):
    """A problem as RFC 9457 defines it. Its other members depend on its type: `field`, `expected` and `got` where one
    field is not as expected; `case_version` and `changes` where a decision was made on an older version; `choices`."""

    type: str
    title: str
    status: int
    detail: str = ""


_PROBLEMS = {
    401: "No valid API key",
    403: "This person may not do that",
    404: "The tenant has no such case or question",
    408: "The body did not come",
    409: "The case has changed, the question is closed, or the command id names another command",
    413: "The body is too long",
    422: "A field is not as expected",
    503: "The command was not confirmed; it may be sent again under the same id",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems of a route, for FastAPI."""
    schema = {"$ref": REFS.format(model="ProblemBody")}
    return {
        status: {"description": _PROBLEMS[status], "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses
    }


def body_of_kind(kind: type[Model]) -> dict[str, Any]:
    """The body of a route that reads it itself, and the header that names the command."""
    schema = {"$ref": REFS.format(model=kind.__name__)}
    header = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "Names the command, as `command_id` in the body does; one of both is needed.",
        "schema": models.Body.model_json_schema()["properties"]["command_id"]["anyOf"][0],
    }
    return {
        "parameters": [header],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
    }


def query_of(kind: type[ListQuery]) -> dict[str, Any]:
    """The query of a route that reads it itself."""
    schema = kind.model_json_schema(ref_template=REFS)
    parameters = []
    for name, field in schema["properties"].items():
        described = {key: value for key, value in field.items() if key not in ("default", "title")}
        description = described.pop("description", "")
        shown = [each for each in described.pop("anyOf", ()) if each != {"type": "null"}]
        if name == "snoozed":
            shown = [{"enum": ["true", "false", "any"], "type": "string"}]
        parameter = {"name": name, "in": "query", "required": False, "description": description}
        parameters.append(parameter | {"schema": described | (shown[0] if shown else {})})
    return {"parameters": parameters}


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of all routes."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        kinds: tuple[type[BaseModel], ...] = (*BODIES, ProblemBody)
        for kind in kinds:
            schema = kind.model_json_schema(ref_template=REFS)
            schemas |= schema.pop("$defs", {})
            schemas[kind.__name__] = schema
        schemas |= ListQuery.model_json_schema(ref_template=REFS).get("$defs", {})
        app.openapi_schema = document
    return app.openapi_schema
