"""Opens the audit's context around every request, and notes what was refused at any door."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from core.audit import doors
from core.audit.context import REQUEST_ID_HEADER, Context, opened, sane_request_id

Answer = Callable[[HttpRequest], HttpResponse]


class AuditMiddleware:
    """The outermost one: what the others answer is answered inside its context, too.

    A request id that a proxy or client sends is taken up; the answer carries it in any case.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = sane_request_id(request.headers.get(REQUEST_ID_HEADER))
        with opened(Context(door=doors.door_of(request), request_id=request_id, request=request)) as context:
            response = self.get_response(request)
            doors.note_refusal(request, response, context)
        response.headers[REQUEST_ID_HEADER] = request_id
        return response
