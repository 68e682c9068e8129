"""Where somebody is signed in, what to call those devices, and what happened to the account lately."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.doers import doer_in, is_of_another, with_doers
from accounts.models import User
from accounts.tokens.models import TokenFamily
from accounts.tokens.services import close, close_families
from accounts.tokens.states import Reason
from core import audit
from core.audit.addresses import address_in, with_stored_addresses
from core.audit.models import AuditEvent
from core.audit.states import Severity
from core.households import readable

# Nobody reads further; the oldest log-ins fall out by themselves.
MOST_SHOWN = 50
MOST_EVENTS = 15
# Events whose target is a log-in, not its person: the person is who did it, or in whose name it was done.
ABOUT_LOG_INS = ("account.token_reused", "account.session_ended")

# The first that fits: Edge and Opera call themselves Chrome too, and everybody calls themselves Safari.
BROWSERS = {
    "Opera Mini": r"Opera Mini",
    "Opera": r"OPR/|Opera",
    "Edge": r"Edg(e|A|iOS)?/",
    "Samsung Internet": r"SamsungBrowser/",
    "UC Browser": r"UCBrowser/",
    "Firefox": r"Firefox/|FxiOS/",
    "Chrome": r"Chrome/|CriOS/|Chromium/",
    "Safari": r"Safari/",
}
SYSTEMS = {
    "Android": r"Android",
    "iPad": r"iPad",
    "iPhone": r"iPhone|iPod",
    "Windows": r"Windows",
    "ChromeOS": r"CrOS",
    "macOS": r"Macintosh|Mac OS X",
    "Linux": r"Linux|X11",
}


@dataclass(frozen=True)
class Device:
    """A log-in that still stands."""

    family: TokenFamily
    name: str
    ip_address: str
    signed_in_at: datetime
    last_seen_at: datetime
    is_this_one: bool


def device_name(user_agent: str) -> str:
    """Return what a person would call the device: "Chrome on Android". Programs are known by their first word."""
    browser = _first(BROWSERS, user_agent)
    system = _first(SYSTEMS, user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    program = re.match(r"[\w.-]{2,40}", user_agent)
    return browser or system or (program[0] if program else _("Unknown device"))


def _first(names: dict[str, str], user_agent: str) -> str:
    return next((name for name, sign in names.items() if re.search(sign, user_agent)), "")


def devices_of(person: User, *, session_key: str | None) -> list[Device]:
    """Return where somebody is signed in, this device first, then by when they were last seen.

    Two queries, however many: the open log-ins, and from which addresses they were last used.
    """
    families = list(open_families(person).order_by("-refreshed_at", "-pk")[:MOST_SHOWN])
    here = open_families(person).filter(session_key=session_key).first() if len(families) == MOST_SHOWN else None
    if here is not None and here not in families:
        families.append(here)
    keys = [family.session_key for family in families]
    addresses = dict(UserSession.objects.filter(user=person, session_key__in=keys).values_list("session_key", "ip"))
    devices = [
        Device(
            family=family,
            name=device_name(family.user_agent),
            ip_address=readable(str(addresses.get(family.session_key) or "")),
            signed_in_at=family.created_at,
            last_seen_at=family.refreshed_at,
            is_this_one=family.session_key == session_key,
        )
        for family in families
    ]
    return sorted(devices, key=lambda device: not device.is_this_one)


def open_families(person: User) -> QuerySet[TokenFamily]:
    """Return somebody's log-ins that still open something."""
    return TokenFamily.objects.filter(user=person, revoked_at__isnull=True, expires_at__gt=timezone.now())


@dataclass(frozen=True)
class Happening:
    """Something the audit trail says of an account."""

    label: Any
    at: datetime
    by: str
    """who did it, where it was somebody else; their device and address are not told then"""
    device: str
    ip_address: str
    is_warning: bool


def happened_lately(person: User) -> list[Happening]:
    """Return what was done to somebody's account, by whomever, the newest first."""
    to_whom = Q(target_id=str(person.public_id)) | Q(actor_id=person.public_id, action__in=ABOUT_LOG_INS)
    events = AuditEvent.objects.filter(to_whom, action__startswith="account.")
    latest = with_doers(with_stored_addresses(events)).order_by("-at", "-id")[:MOST_EVENTS]
    return [_happening(event, person) for event in latest]


def _happening(event: AuditEvent, person: User) -> Happening:
    is_others = is_of_another(event, person.public_id)
    return Happening(
        label=event.label,
        at=event.at,
        by=doer_in(event, person.public_id),
        device=device_name(event.user_agent) if event.user_agent and not is_others else "",
        ip_address="" if is_others else readable(address_in(event)),
        is_warning=event.severity in (Severity.WARNING, Severity.ALERT),
    )


@transaction.atomic
def end_device(person: User, public_id: str) -> TokenFamily | None:
    """Log one of somebody's devices out, and return its log-in; None when there is none such, or none any more."""
    try:
        key = UUID(public_id)
    except ValueError:
        return None
    family = open_families(person).select_for_update().filter(public_id=key).first()
    if family is not None:
        close([family], Reason.ENDED)
        audit.record("account.session_ended", actor=person, target=family)
    return family


@transaction.atomic
def end_other_devices(person: User, *, session_key: str | None, is_everywhere: bool = False) -> int:
    """Log somebody out everywhere but in this session, and return how many log-ins were ended.

    :param is_everywhere: whether whoever calls ends this session as well, in a moment
    """
    ended = close_families(user=person, reason=Reason.EVERYWHERE, except_session=session_key)
    action = "account.logged_out_everywhere" if is_everywhere else "account.others_logged_out"
    audit.record(action, actor=person, target=person)
    return ended
