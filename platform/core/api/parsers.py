"""JSON in: only what JSON allows, within limits."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
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
    """Accept a JSON body of at most 256 kB and 32 levels, in UTF-8, without NaN, Infinity or half characters.

    A NUL inside a text is left to the fields, which say where it stands.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise BodyTooLarge
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ParseError(_("The body is not valid UTF-8."), code="not_utf8") from error
        try:
            data = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            sentence = str(_("The body is not valid JSON: see line %(line)d, column %(column)d."))
            place = {"line": error.lineno, "column": error.colno}
            raise ParseError(sentence % place, code="not_json") from error
        if _deeper_than(MAX_DEPTH, data):
            raise ParseError(_("The body is nested too deeply: at most 32 levels are accepted."), code="too_deep")
        return data


def _deeper_than(levels: int, value: Any) -> bool:
    layer = [value]
    for _level in range(levels):
        layer = [
            child
            for parent in layer
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not any(isinstance(child, dict | list) for child in layer):
            return False
    return True
