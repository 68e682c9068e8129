"""Today, for the people at the desk."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path


def urls(site: Any) -> list[URLPattern]:
    def today(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    return [path("today/", site.admin_view(today), name="today")]
