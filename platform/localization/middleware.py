from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import is_valid_path
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin

from localization import preference
from localization.languages import current_language, default_language, language_of_path

API = "/api/"


class LanguageMiddleware(MiddlewareMixin):
    """Answers each request in its language.

    - A page says its language at the front of its address and nothing else counts, so that shared caches may keep it.
    - The API goes by Accept-Language.
    - All else (`/`, the admin) goes by the signed-in person, else the cookie, else Accept-Language, else English.
      A missing page of this kind is looked for behind the language's prefix.

    Django's own middleware is not used because it takes a language without a compiled catalogue for unknown, lets
    the cookie decide for the API, and never looks at the account.
    """

    def process_request(self, request: HttpRequest) -> None:
        language = language_of_path(request.path_info)
        if language is None and request.path_info.startswith(API):
            language = preference.by_browser(request) or default_language()
        _activate(request, (language or preference.of_visitor(request)).code)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        # Only here is it known who asks: this middleware stands before the one that signs people in.
        if _goes_by_person(request) and (language := preference.by_account(request)):
            _activate(request, language.code)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status_code == 404 and request.method in ("GET", "HEAD") and _goes_by_person(request):
            response = self._behind_the_prefix(request) or response
        if _goes_by_person(request):
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
        elif request.path_info.startswith(API):
            patch_vary_headers(response, ("Accept-Language",))
        response.headers.setdefault("Content-Language", current_language().tag)
        preference.write_cookie(request, response)
        return response

    def _behind_the_prefix(self, request: HttpRequest) -> HttpResponse | None:
        prefix = f"/{current_language().code}"
        urlconf = getattr(request, "urlconf", None)
        path = prefix + request.path_info
        lacks_slash = not is_valid_path(path, urlconf) and not path.endswith("/")
        if not is_valid_path(f"{path}/" if lacks_slash else path, urlconf):
            return None
        return HttpResponseRedirect(prefix + request.get_full_path(force_append_slash=lacks_slash))


def _goes_by_person(request: HttpRequest) -> bool:
    return language_of_path(request.path_info) is None and not request.path_info.startswith(API)


def _activate(request: HttpRequest, code: str) -> None:
    translation.activate(code)
    request.LANGUAGE_CODE = code
