"""The back office in templates: the way into it, the way back there, and what a step of the way is called."""

import re
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.db.models import Model
from django.urls import reverse
from django.utils.text import capfirst

from accounts.selectors import opens_back_office

register = template.Library()

# What is pressed on the page of a row has no page of its own to go back to: /admin/accounts/user/7/end-log-ins/.
_PRESSED = re.compile(r"^(/admin/\w+/\w+/[^/]+)/(?!change/|delete/|history/)[^/]+/$")


@register.simple_tag(takes_context=True)
def works_in_back_office(context: dict[str, Any]) -> bool:
    """Tell whether who looks at a page may open the back office now.

    Diners cost no query: only who has shown a second factor in this session is looked up, once in a request.
    """
    user = context.get("user")
    return user is not None and user.is_authenticated and opens_back_office(user)


@register.simple_tag(takes_context=True)
def back_office_page(context: dict[str, Any], wanted: str | None) -> str:
    """Return the page of the back office that somebody comes from; empty where it is none, or not open to them now.

    :param wanted: the address they are to go on to, as the request has it
    """
    address = urlsplit(wanted or "")
    if address.scheme or address.netloc or not address.path.startswith(reverse("admin:index")):
        return ""
    if not works_in_back_office(context):
        # They would be led to show their second factor, which is where they are.
        return ""
    page = _PRESSED.sub(r"\1/change/", address.path)
    return f"{page}?{address.query}" if address.query and page == address.path else page


@register.filter
def crumb(title: Any) -> str:
    """Return what a step of the way here is called: kinds of things begin with a capital, a thing keeps its name."""
    return str(title) if isinstance(title, Model) else str(capfirst(title))
