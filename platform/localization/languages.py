"""The ten languages: what each is called, which way it runs, how it counts, and which one an asker wants."""

from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.utils.translation import get_language, to_locale
from django.utils.translation.trans_real import parse_accept_lang_header

# How each language counts, as a gettext header says it. Written down here because Django knows no rule for Hausa
# and Yoruba, and gettext's placeholder for an unknown language compiles and then breaks every page.
PLURAL_RULES = {
    "en": (2, "(n != 1)"),
    "ha": (2, "(n != 1)"),
    "yo": (1, "0"),
    "ig": (1, "0"),
    "fr": (2, "(n > 1)"),
    "ar": (6, "n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 && n%100<=99 ? 4 : 5"),
    "es": (3, "n == 1 ? 0 : n != 0 && n % 1000000 == 0 ? 1 : 2"),
    "de": (2, "(n != 1)"),
    "zh-hans": (1, "0"),
    "ja": (1, "0"),
}


@dataclass(frozen=True)
class Language:
    """One of the languages Buka speaks."""

    code: str
    """Django's name for it, also the first part of an address: zh-hans."""
    name: str
    """Its name in English."""
    name_local: str
    """Its name in itself."""
    bidi: bool

    @property
    def tag(self) -> str:
        """Its BCP 47 tag, for `lang` attributes and headers: zh-Hans."""
        first, *rest = self.code.split("-")
        return "-".join([first, *(part.title() if len(part) == 4 else part.upper() for part in rest)])

    @property
    def direction(self) -> str:
        return "rtl" if self.bidi else "ltr"

    @property
    def folder(self) -> str:
        """The name of its folder under locale/: zh_Hans."""
        return to_locale(self.code)

    @property
    def plural_rule(self) -> tuple[int, str]:
        """How many plural forms it has, and which one the number n takes, as a gettext expression."""
        return PLURAL_RULES[self.code]

    @property
    def plural_forms(self) -> str:
        """The Plural-Forms header of its catalogues."""
        forms, rule = self.plural_rule
        return f"nplurals={forms}; plural={rule};"


@cache
def every_language() -> tuple[Language, ...]:
    """Return the languages in the order people are shown them."""
    return tuple(
        Language(code=code, name=LANG_INFO[code]["name"], name_local=str(name), bidi=LANG_INFO[code]["bidi"])
        for code, name in settings.LANGUAGES
    )


@cache
def _by_code() -> dict[str, Language]:
    return {language.code: language for language in every_language()}


def known(code: str | None) -> Language | None:
    """Return the language with this code, or None when Buka does not speak it."""
    return _by_code().get(code or "")


def default_language() -> Language:
    return _by_code()[settings.LANGUAGE_CODE]


def current_language() -> Language:
    """Return the language that is active now."""
    return known(get_language()) or default_language()


def accepted_language(header: str) -> Language | None:
    """Return the language an Accept-Language header likes best among ours; regions are forgiven (fr-CA is French)."""
    for wanted, _weight in parse_accept_lang_header(header.lower()):
        if wanted == "*":
            return default_language()
        candidates = [wanted, *LANG_INFO.get(wanted, {}).get("fallback", ())]
        candidates += [wanted.rsplit("-", cut)[0] for cut in range(1, wanted.count("-") + 1)]
        for candidate in candidates:
            if language := known(candidate):
                return language
        # "zh", "zh-tw": another script of a language we have is nearer than English.
        for language in every_language():
            if language.code.split("-")[0] == wanted.split("-")[0]:
                return language
    return None


def language_of_path(path: str) -> Language | None:
    """Return the language an address begins with, or None for addresses without one."""
    return known(path.split("/", 2)[1]) if path.startswith("/") else None


def address_in(language: Language, address: str) -> str:
    """Return the same page's address in another language, with its query; addresses without a language stay."""
    parts = urlsplit(address)
    path = parts.path
    if path in ("", "/"):
        path = f"/{language.code}/"
    elif spoken := language_of_path(path):
        path = f"/{language.code}{path.removeprefix(f'/{spoken.code}') or '/'}"
    return urlunsplit(parts._replace(path=path))
