from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from bookings import access


class RememberedBookingsMiddleware:
    """Lets a browser remember the bookings it made without an account."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        access.write_cookie(request, response)
        return response
