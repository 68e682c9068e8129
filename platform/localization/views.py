from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from localization import preference
from localization.languages import Language, address_in, current_language, known


@require_safe
def root(request: HttpRequest) -> HttpResponse:
    """Send a visitor of `/` to the front page in their language (which the middleware has found out)."""
    return HttpResponseRedirect(address_in(current_language(), request.get_full_path()))


@require_safe
def switch_language(request: HttpRequest, code: str) -> HttpResponse:
    """Remember a language chosen on purpose and show the page `next` in it."""
    language = known(code)
    if language is None:
        raise Http404(_("Buka does not speak this language yet."))
    if _is_on_purpose(request):
        preference.remember(request, language)
        _keep_in_account(request, language)
    wanted = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        wanted = "/"
    response = HttpResponseRedirect(address_in(language, wanted))
    response["X-Robots-Tag"] = "noindex"
    add_never_cache_headers(response)
    return response


def _is_on_purpose(request: HttpRequest) -> bool:
    # A picture on another site, or a browser fetching links ahead, must not change anybody's language.
    fetched_ahead = "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
    return request.headers.get("Sec-Fetch-Site") != "cross-site" and not fetched_ahead


def _keep_in_account(request: HttpRequest, language: Language) -> None:
    spoken = preference.by_account(request)
    if spoken is not None and spoken != language:
        # Mails and messages follow the account's language, not the browser's.
        user: Any = request.user
        user.language = language.code
        user.save(update_fields=["language"])
