"""From a kind and its values to the words of a mail or a text message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.template.backends.django import Template
from django.template.context import Context
from django.template.exceptions import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils import translation

from core.text import clean_line, clean_text
from notifications import gsm
from notifications.catalogue import Kind

LONGEST_SUBJECT = 250
LONGEST_LINE = 200
LONGEST_PARAGRAPHS = 4000
MANY_BLANK_LINES = re.compile(r"\n{3,}")
# What may run over several lines; all else, names above all, is one line.
PARAGRAPHS = frozenset({"policy_text", "reason", "answer", "stays", "dates"})


@dataclass(frozen=True)
class Mail:
    subject: str
    text: str
    html: str


def language_for(asked: str) -> str:
    """Return the language of ours that fits best, so that an unknown one never keeps a message from being sent."""
    try:
        return translation.get_supported_language_variant(asked)
    except LookupError:
        return settings.LANGUAGE_CODE


def mail(kind: Kind, *, language: str, context: Mapping[str, Any]) -> Mail:
    """Write the mail in the given language.

    :raises catalogue.WrongContext: when the values do not fit the kind
    """
    with translation.override(language):
        values = {name: readable(name, value) for name, value in kind.complete(context).items()} | {
            "language": language,
            "direction": "rtl" if translation.get_language_bidi() else "ltr",
            "buka_url": settings.BASE_URL,
        }
        folder = f"notifications/{kind.name}"
        subject = one_line(_render(f"{folder}/email.subject.txt", values, html=False), LONGEST_SUBJECT)
        values["subject"] = subject
        return Mail(
            subject=subject,
            text=_tidy(_render(f"{folder}/email.txt", values, html=False)),
            html=_tidy(_render(f"{folder}/email.html", values, html=True)),
        )


def sms(kind: Kind, *, language: str, context: Mapping[str, Any]) -> str:
    """Write the text message in the given language: in one part, in fewer words or in English where it must be.

    :raises catalogue.WrongContext: when the values do not fit the kind
    """
    values = {name: readable(name, value) for name, value in kind.complete(context).items()} | {
        # Android fills in a code whose last line names the page it is for.
        "site": urlsplit(settings.BASE_URL).hostname or "",
    }
    whole = f"notifications/{kind.name}/sms.txt"
    for tried, template in ((language, whole), (language, brief_of(kind)), (settings.LANGUAGE_CODE, whole)):
        if template is None:
            continue
        with translation.override(tried):
            text = gsm.plain(_tidy(_render(template, values, html=False)).strip())
        if gsm.parts(text) == 1:
            break
    return text


def brief_of(kind: Kind) -> str | None:
    """Return the template that says a text message in the fewest words; None where there is none."""
    name = f"notifications/{kind.name}/sms.brief.txt"
    try:
        get_template(name)
    except TemplateDoesNotExist:
        return None
    return name


def _render(template_name: str, values: dict[str, Any], *, html: bool) -> str:
    # Django escapes whatever the file is called; in plain text "&amp;" would be shown as such.
    template = cast(Template, get_template(template_name)).template
    return template.render(Context(values, autoescape=html))


def _tidy(text: str) -> str:
    """Take out the blank lines that tags leave behind; at most one stays between paragraphs."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return MANY_BLANK_LINES.sub("\n\n", lines).strip() + "\n"


def readable(name: str, value: Any) -> Any:
    """Return a value without the characters that break mails or turn the direction of what follows."""
    if not isinstance(value, str) or name.endswith("_url"):
        return value
    if name in PARAGRAPHS:
        return _cleaned(clean_text, value, LONGEST_PARAGRAPHS)
    return one_line(value, LONGEST_LINE)


def one_line(text: str, longest: int) -> str:
    """Return the text on one line, whatever was in it: a header must not be able to begin another one."""
    return _cut(_cleaned(clean_line, text, max(longest, min(len(text), 4 * longest))), longest)


def _cleaned(clean: Any, text: str, longest: int) -> str:
    text = text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    try:
        return clean(_cut(text, longest), max_length=longest, may_hold_numbers=True)
    except ValidationError:
        # Longer after normalisation than before.
        return clean(_cut(text, longest // 4), max_length=longest, may_hold_numbers=True)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
