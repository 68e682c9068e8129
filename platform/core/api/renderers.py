"""JSON out: fast, strict, and labelled as a problem when it is one."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from django.utils.functional import Promise
from rest_framework import renderers

from core.api import problems


def to_bytes(data: Any) -> bytes:
    """Return the data as JSON; translated texts become the reader's language, decimals become strings."""
    return orjson.dumps(data, default=_other, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)


def _other(value: Any) -> Any:
    if isinstance(value, Promise | Decimal):
        return str(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "__iter__"):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here.")


class JSONRenderer(renderers.BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        if data is None:
            return b""
        response = (renderer_context or {}).get("response")
        if response is not None and response.status_code >= 400 and isinstance(data, Mapping) and "code" in data:
            response["Content-Type"] = problems.CONTENT_TYPE
        return to_bytes(data)
