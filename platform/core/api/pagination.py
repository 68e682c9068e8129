"""Pages by cursor: no counting, and nothing skipped or shown twice when rows are added meanwhile."""

from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from core.errors import InvalidInput


class CursorPages(CursorPagination):
    """`{"results": […], "next": url or null, "previous": url or null}`; `limit` asks for 1 to 100 rows.

    Cursors are opaque and signed for their address; one that was changed or taken elsewhere is a 400. A view sets
    `ordering` on itself or gives the paginator one; the default is the newest first.
    """

    ordering: Any = "-created_at"
    page_size_query_param = "limit"
    max_page_size = 100
    cursor_query_description: Any = _("Where the page begins: taken from `next` or `previous` of another page.")
    page_size_query_description: Any = _("How many results a page holds: 1 to 100, 20 if not given.")

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValidationError, ValueError, TypeError) as error:
            raise _cursor_refused() from error

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        own = getattr(view, "ordering", None)
        if not own:
            own = super().get_ordering(request, queryset, view)
        order = (own,) if isinstance(own, str) else tuple(own)
        # Rows that share their time come in any order, another one for each page, unless something tells them apart.
        if not {"pk", "-pk", "id", "-id"} & set(order):
            order += ("-pk" if order[0].startswith("-") else "pk",)
        return order

    def get_page_size(self, request: Request) -> int | None:
        wanted = request.query_params.get("limit")
        if wanted is None:
            return self.page_size
        if not (wanted.isascii() and wanted.isdigit() and 1 <= int(wanted[:9]) <= self.max_page_size):
            raise InvalidInput(errors={"limit": [_("Write a whole number from 1 to 100.")]})
        return int(wanted)

    def decode_cursor(self, request: Request) -> Cursor | None:
        self._salt = f"cursor:{request.path}"
        encoded = request.query_params.get(self.cursor_query_param)
        if encoded is None:
            return None
        try:
            offset, reverse, position = signing.loads(encoded, salt=self._salt)
        except (signing.BadSignature, ValueError, TypeError) as error:
            raise _cursor_refused() from error
        return Cursor(offset=offset, reverse=reverse, position=position)

    def encode_cursor(self, cursor: Cursor) -> str:
        encoded = signing.dumps([cursor.offset, cursor.reverse, cursor.position], salt=self._salt, compress=True)
        return replace_query_param(self.base_url or "", self.cursor_query_param, encoded)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link(), "previous": self.get_previous_link()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link},
        }


def _cursor_refused() -> InvalidInput:
    return InvalidInput(errors={"cursor": [_("This page does not exist any more. Start again from the first one.")]})
