"""A front page, one with a slug, one outside the languages and a log-in, each answering with what it was given."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth import authenticate, login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import RequestContext, Template
from django.urls import include, path
from django.utils.translation import get_language
from django.utils.translation import gettext as _

PAGE = Template("{{ language_tag }} {{ text_direction }} {% for each in languages %}[{{ each.url }}]{% endfor %}")


def page(request: HttpRequest, slug: str = "") -> HttpResponse:
    return HttpResponse(PAGE.render(RequestContext(request)))


def choices(request: HttpRequest, slug: str = "") -> HttpResponse:
    from localization.context_processors import languages

    return JsonResponse(
        {each.code: [each.url, each.switch_url, each.is_current] for each in languages(request)["languages"]}
    )


def spoken(request: HttpRequest) -> HttpResponse:
    return HttpResponse(get_language())


def log_in(request: HttpRequest) -> HttpResponse:
    login(request, authenticate(request, username=request.POST["email"], password=request.POST["password"]))
    return HttpResponse(_("yes"))


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(status=404)


handler404 = missing
urlpatterns = [
    path("", include("localization.urls")),
    path("admin/", spoken),
    path("api/spoken", spoken),
    path("log-in", log_in),
    *i18n_patterns(
        path("", page),
        path("restaurants/<slug:slug>/", page),
        path("choices/<slug:slug>/", choices),
        # The mail about a log-in on a new device leads there.
        path("", include("accounts.urls")),
    ),
]
