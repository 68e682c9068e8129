"""JSON in: only what JSON allows, within limits."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext_lazy as _
from rest_framework import parsers
from rest_framework.exceptions import APIException, ParseError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32


class BodyTooLarge(APIException):
    status_code = 413
    default_code = "body_too_large"
    default_detail = _("The body is too large: at most 256 kB are accepted.")


class JSONParser(parsers.BaseParser):
    """Accept a JSON body of at most 256 kB and 32 levels, in UTF-8, without NaN, Infinity or a key given twice.

    A NUL inside a text is left to the fields, which say where it stands.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise BodyTooLarge()
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ParseError(_("The body is not valid UTF-8."), code="not_utf8") from error
        if _depth(text) > MAX_DEPTH:
            raise ParseError(_("The body is nested too deeply."), code="too_deep")
        try:
            data = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object_without_twins)
        except (ValueError, RecursionError) as error:
            if isinstance(error, json.JSONDecodeError):
                place = _("The body is not valid JSON: see line %(line)d, column %(column)d.")
                raise ParseError(str(place) % {"line": error.lineno, "column": error.colno}, code="not_json") from error
            raise ParseError(_("The body is not valid JSON."), code="not_json") from error
        return data


def _depth(text: str) -> int:
    """Return how deeply arrays and objects are nested, without building them."""
    depth = deepest = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _object_without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key is given twice")
    return result
