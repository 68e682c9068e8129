"""How the API describes itself: every operation says which problems it may answer."""

from typing import Any, Literal

from django.utils.module_loading import import_string
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import AllowAny

from core.api import idempotency, problems


class ProblemErrorSerializer(serializers.Serializer[Any]):
    """One thing wrong with one part of the request."""

    pointer = serializers.CharField(help_text="JSON Pointer into the request's body, as `#/guest/phone`.")
    detail = serializers.CharField(help_text="A sentence for people, in the asker's language.")
    code = serializers.CharField(help_text="Stable, for programs.")


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details (RFC 9457). Some codes carry further members, as `alternatives`."""

    type = serializers.CharField(help_text="An address that says more about this kind of problem.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence for people, in the asker's language.")
    code = serializers.CharField(help_text="Stable, for programs; see docs/errors.md.")
    instance = serializers.CharField(required=False, help_text="The path that was asked.")
    errors = ProblemErrorSerializer(many=True, required=False)  # type: ignore[assignment]  # a field, here


def problem_response(description: str, **examples: dict[str, Any]) -> OpenApiResponse:
    """Describe a problem for extend_schema(responses={409: …}).

    :param examples: code -> members beside the usual ones, as `booking_no_table_free={"alternatives": […]}`
    """
    return OpenApiResponse(
        ProblemSerializer,
        description,
        [OpenApiExample(code, value={"code": code, **members}) for code, members in examples.items()],
    )


def asked(name: str, value: Any) -> OpenApiExample:
    """Show a body that is sent, for extend_schema(examples=[…])."""
    return OpenApiExample(name, value, request_only=True)


def answered(name: str, value: Any, status: int = 200) -> OpenApiExample:
    """Show a body that is answered with this status, for extend_schema(examples=[…])."""
    return OpenApiExample(name, value, response_only=True, status_codes=[str(status)])


class BukaSessionScheme(SessionScheme):
    target_class = "core.api.authentication.SessionAuthentication"
    name = "session"
    priority = 0


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.tokens.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "For apps: the access token."}


class CookieScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.tokens.authentication.CookieAuthentication"
    name = "cookie"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        described = "For browsers: set at log-in. What changes something needs the header X-CSRFToken beside it."
        name = import_string("accounts.tokens.cookies.ACCESS_NAME")
        return {"type": "apiKey", "in": "cookie", "name": name, "description": described}


class StrictSerializerExtension(OpenApiSerializerExtension):
    """What StrictSerializer takes in is all there is; answers may gain members."""

    target_class = "core.api.fields.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: "Direction") -> Any:
        described = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        if direction == "request" and described.get("type") == "object":
            described["additionalProperties"] = False
        return described


_USUAL = {
    "400": "The request does not make sense; `errors` says where.",
    "401": "Log in first.",
    "403": "You may not do this.",
    "404": "There is no such thing, or not for you.",
    "413": "The body is larger than 256 kB.",
    "415": "The body is not JSON.",
    "422": "The Idempotency-Key belongs to another request.",
    "429": "Asked too often; `Retry-After` says when to come back.",
    "406": "Only JSON is spoken here.",
    "503": "Who asks cannot be known for a moment; nothing has been done.",
}


def _completed(example: Any, status: int, description: str) -> Any:
    """Return an example that names only a code and what is special about it with the members all problems have."""
    if not isinstance(example, dict) or "code" not in example or "status" in example:
        return example
    usual = problems.problem(status=status, code=example["code"], detail=example.get("detail", description))
    return {**usual, **example}


Direction = Literal["request", "response"]


class BukaSchema(AutoSchema):
    def get_auth(self) -> list[Any]:
        auths: list[Any] = super().get_auth()
        if any(getattr(permission, "lets_strangers_in", False) for permission in self.view.get_permissions()):
            auths.append({})
        return auths

    def _get_parameters(self) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super()._get_parameters()
        for parameter in parameters:
            if parameter["in"] == "query":
                # core.api.query: an empty parameter counts as one that was left out.
                parameter["allowEmptyValue"] = True
        return parameters

    def get_override_parameters(self) -> list[Any]:
        parameters = list(super().get_override_parameters())
        if kind := self._idempotency():
            parameters.append(
                OpenApiParameter(
                    idempotency.HEADER,
                    OpenApiTypes.STR,
                    OpenApiParameter.HEADER,
                    required=kind == "required",
                    description="A new UUID for each new request; sent again, the first answer comes again for 24 h.",
                )
            )
        return parameters

    def _get_response_bodies(self, direction: Direction = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for code, body in bodies.items():
            content = body.get("content", {}).get("application/json")
            # OAuth has a shape of its own for its errors.
            if code >= "400" and content and "OAuth" not in str(content.get("schema")):
                for example in content.get("examples", {}).values():
                    example["value"] = _completed(example["value"], int(code), body["description"])
                body["content"] = {problems.CONTENT_TYPE: content}
        reference = self.resolve_serializer(ProblemSerializer, "response").ref
        for code in sorted(self._problems() - set(bodies)):
            bodies[code] = {"description": _USUAL[code], "content": {problems.CONTENT_TYPE: {"schema": reference}}}
        return bodies

    def _problems(self) -> set[str]:
        codes = {"400", "406", "429"}
        if not all(isinstance(permission, AllowAny) for permission in self.view.get_permissions()):
            codes |= {"401", "403"}
        if self.method in ("POST", "PUT", "PATCH"):
            codes |= {"413", "415"}
        if self.view.get_authenticators():
            # A token that is not valid is refused where none is asked for, too; while Redis is away nobody can tell.
            codes |= {"401", "503"}
            if self.method != "GET":
                # A session without its CSRF token.
                codes.add("403")
        if "{" in self.path:
            codes.add("404")
        if self._idempotency():
            codes.add("422")
        return codes

    def _idempotency(self) -> str | None:
        name = getattr(self.view, "action", None) or self.method.lower()
        return getattr(getattr(self.view, name, None), "idempotency", None)
