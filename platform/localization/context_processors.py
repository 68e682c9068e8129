from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from localization.languages import Language, address_in, current_language, every_language


@dataclass(frozen=True)
class LanguageChoice:
    """A language as a page offers it."""

    code: str
    tag: str
    name: str
    name_local: str
    bidi: bool
    is_current: bool
    url: str
    """This page in that language: for `hreflang` and for machines."""
    switch_url: str
    """The same, by way of the door that remembers the choice: for people to press."""

    @property
    def plain_url(self) -> str:
        """Its address without the query: what a page is known by whatever was asked of it."""
        return self.url.partition("?")[0]

    @property
    def direction(self) -> str:
        return "rtl" if self.bidi else "ltr"


def languages(request: HttpRequest) -> dict[str, Any]:
    """Give templates the ten languages, each with this page's address, and the current one's tag and direction."""
    current = current_language()
    return {
        # Most fragments never look at the list.
        "languages": SimpleLazyObject(lambda: [_choice(request, each, current) for each in every_language()]),
        "language_tag": current.tag,
        "text_direction": current.direction,
    }


def _choice(request: HttpRequest, language: Language, current: Language) -> LanguageChoice:
    url = address_in(language, request.get_full_path())
    switch = reverse("localization:switch_language", args=[language.code])
    return LanguageChoice(
        code=language.code,
        tag=language.tag,
        name=language.name,
        name_local=language.name_local,
        bidi=language.bidi,
        is_current=language == current,
        url=url,
        switch_url=f"{switch}?{urlencode({'next': url})}",
    )
