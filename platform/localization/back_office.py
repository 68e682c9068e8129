"""The translators' page of the back office: how far each language is, and how texts go out and come back."""

from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from localization import catalogues
from localization.languages import every_language


def urls(site: Any) -> list[URLPattern]:
    """Return the page's address, behind the site's log-in."""
    return [path("translations/", site.admin_view(require_safe(partial(show, site))), name="translations")]


def show(site: Any, request: HttpRequest) -> HttpResponse:
    """Show what is translated and what is not.

    :raises PermissionDenied: for who does not translate
    """
    if not site.allows(request, "translate"):
        raise PermissionDenied
    rows = [
        {"language": language, "progress": catalogues.progress(language)}
        for language in every_language()
        if language.code != settings.LANGUAGE_CODE
    ]
    return render(
        request, "admin/translations.html", {**site.each_context(request), "title": _("Translations"), "rows": rows}
    )
