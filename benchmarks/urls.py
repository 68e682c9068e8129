"""Buka's addresses, and a view that does nothing: the measure of all others."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from config import urls

handler400, handler403, handler404, handler500 = urls.handler400, urls.handler403, urls.handler404, urls.handler500


def empty(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"")


urlpatterns = [path("benchmark/empty", empty), *urls.urlpatterns]
