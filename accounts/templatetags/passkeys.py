"""Where passkeys work: `{% load passkeys %}{% passkeys_elsewhere as elsewhere %}`."""

from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django import template
from django.conf import settings

register = template.Library()


class Elsewhere(NamedTuple):
    """The same page at an address that has a name; both are empty where none is known."""

    address: str = ""
    place: str = ""


@register.simple_tag(takes_context=True)
def passkeys_elsewhere(context: dict[str, Any]) -> Elsewhere | None:
    """Return where to open this page for passkeys to work; None where they work here.

    A passkey belongs to a name, and browsers refuse one to an address of numbers.
    """
    request = context["request"]
    if not _is_number(f"//{request.get_host()}"):
        return None
    if _is_number(settings.BASE_URL):
        return Elsewhere()
    return Elsewhere(f"{settings.BASE_URL}{request.get_full_path()}", urlsplit(settings.BASE_URL).netloc)


def _is_number(address: str) -> bool:
    try:
        ip_address(urlsplit(address).hostname or "")
    except ValueError:
        return False
    return True
