"""Everything that can be done to partner apps and to what restaurants let them do."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Client, Token
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.partners.errors import AppNotActive, AppOfAnotherHouse, ScopesNotAllowed, SecretJustMade
from accounts.partners.models import PartnerApp, PartnerGrant
from accounts.partners.states import GRANTED_SCOPES, OVERLAP, AppStatus, DisabledBy, Plan, Scope, just_rotated
from accounts.partners.webhooks import disable_all, park_what_may_not_go
from core import audit
from core.errors import InvalidInput

# No secret hashes to this.
UNUSABLE = "!"


@transaction.atomic
def register_app(
    *,
    name: str,
    organisation: str,
    contact_email: str,
    scopes: Iterable[str],
    by: User | None,
    website: str = "",
    plan: Plan = Plan.TRIAL,
    restaurant_id: int | None = None,
    credentials: tuple[str, str] | None = None,
) -> tuple[PartnerApp, str]:
    """Register an app and return it with its secret, which nobody will see again.

    :param restaurant_id: a house's own app: it works there at once, and nowhere else ever
    :param credentials: client id and secret of the demo's app, known to everybody; all others get their own
    :raises InvalidInput: without a scope, or with one there is none of
    """
    wanted = _known(scopes)
    client_id, secret = credentials or (get_adapter().generate_client_id(), get_adapter().generate_client_secret())
    client = Client.objects.create(
        id=client_id,
        name=name,
        secret=make_password(secret),
        type=Client.Type.CONFIDENTIAL,
        grant_types=Client.GrantType.CLIENT_CREDENTIALS,
        response_types="",
        scopes="\n".join(wanted),
        default_scopes="\n".join(wanted),
    )
    app = PartnerApp.objects.create(
        name=name,
        organisation=organisation,
        website=website,
        contact_email=contact_email,
        plan=plan,
        restaurant_id=restaurant_id,
        client=client,
        created_by=by,
    )
    audit.record("partner.registered", actor=by, target=app, details={"scopes": wanted, "plan": plan})
    house_scopes = [scope for scope in wanted if scope in GRANTED_SCOPES]
    if restaurant_id is not None and house_scopes:
        grant_access(app=app, restaurant_id=restaurant_id, scopes=house_scopes, by=by)
    return app, secret


@transaction.atomic
def change_app(
    *,
    app: PartnerApp,
    by: User,
    status: AppStatus | None = None,
    name: str | None = None,
    organisation: str | None = None,
    website: str | None = None,
    contact_email: str | None = None,
    plan: Plan | None = None,
    scopes: Iterable[str] | None = None,
) -> PartnerApp:
    """Change what is given, all of it or nothing; a scope that is taken away is gone from tokens already issued, too.

    :param status: suspended or active; for good an app is ended by `revoke_app`
    :raises AppNotActive: when it was revoked :raises InvalidInput: for scopes there are none of
    """
    app = _locked(app)
    if app.status == AppStatus.REVOKED:
        raise AppNotActive
    if status == AppStatus.SUSPENDED and app.is_active:
        app = suspend_app(app=app, by=by)
    elif status == AppStatus.ACTIVE:
        app = resume_app(app=app, by=by)
    changed = _change_facts(
        app,
        {"name": name, "organisation": organisation, "website": website, "contact_email": contact_email, "plan": plan},
        None if scopes is None else _known(scopes),
    )
    if changed:
        audit.record("partner.changed", actor=by, target=app, details=changed)
    return app


def _change_facts(app: PartnerApp, given: Mapping[str, Any], wanted: list[str] | None) -> dict[str, object]:
    """Store what is given and differs, and return what the trail says of it."""
    changes = {field: value for field, value in given.items() if value is not None and value != getattr(app, field)}
    for field, value in changes.items():
        setattr(app, field, value)
    app.save(update_fields=list(changes))
    changed: dict[str, object] = dict.fromkeys(changes, "changed")
    if "plan" in changes:
        changed["plan"] = app.plan
    if wanted is not None and set(wanted) != set(app.allowed_scopes()):
        app.client.set_scopes(wanted)
        app.client.set_default_scopes(wanted)
        changed["scopes"] = wanted
    if "name" in changes:
        app.client.name = app.name
    app.client.save(update_fields=["name", "scopes", "default_scopes"])
    return changed


@transaction.atomic
def rotate_secret(*, app: PartnerApp, by: User, keep_old: bool = True) -> str:
    """Return a new secret for an app. The old one works on for a day, so that nobody has to hurry.

    :param keep_old: False where the old one is known to strangers: it ends now, and every token with it
    :raises AppNotActive: when it is suspended or revoked
    :raises SecretJustMade: with keep_old, within a minute of the last time
    """
    app = _active(app)
    now = timezone.now()
    if keep_old and just_rotated(app.previous_secret_until, now):
        raise SecretJustMade
    secret = get_adapter().generate_client_secret()
    app.previous_secret = app.client.secret if keep_old else ""
    app.previous_secret_until = now + OVERLAP if keep_old else None
    app.secret_made_at = now
    app.save(update_fields=["previous_secret", "previous_secret_until", "secret_made_at"])
    app.client.secret = make_password(secret)
    app.client.save(update_fields=["secret"])
    if not keep_old:
        _end_tokens(app)
    audit.record("partner.secret_rotated", actor=by, target=app, details={"old_works_on": keep_old})
    return str(secret)


@transaction.atomic
def suspend_app(*, app: PartnerApp, by: User) -> PartnerApp:
    """Shut an app out for a while: its tokens end, and nothing is told to its webhooks.

    :raises AppNotActive: when it is shut out already
    """
    app = _active(app)
    app.status = AppStatus.SUSPENDED
    app.save(update_fields=["status"])
    _end_tokens(app)
    audit.record("partner.suspended", actor=by, target=app)
    return app


@transaction.atomic
def resume_app(*, app: PartnerApp, by: User) -> PartnerApp:
    """Let a suspended app in again; it fetches new tokens with the secret it has.

    :raises AppNotActive: when it was revoked
    """
    app = _locked(app)
    if app.status == AppStatus.REVOKED:
        raise AppNotActive
    if app.status == AppStatus.SUSPENDED:
        app.status = AppStatus.ACTIVE
        app.save(update_fields=["status"])
        audit.record("partner.resumed", actor=by, target=app)
    return app


@transaction.atomic
def revoke_app(*, app: PartnerApp, by: User) -> PartnerApp:
    """End an app for good: secret, tokens, access to restaurants and webhooks, at once. A second time does nothing."""
    app = _locked(app)
    if app.status == AppStatus.REVOKED:
        return app
    app.status = AppStatus.REVOKED
    app.revoked_at = timezone.now()
    app.previous_secret = ""
    app.previous_secret_until = None
    app.save(update_fields=["status", "revoked_at", "previous_secret", "previous_secret_until"])
    app.client.secret = UNUSABLE
    app.client.save(update_fields=["secret"])
    _end_tokens(app)
    app.grants.standing().update(revoked_at=app.revoked_at, revoked_by=by)
    disable_all(app=app, why=DisabledBy.APP)
    audit.record("partner.revoked", actor=by, target=app)
    return app


# --- What restaurants allow -------------------------------------------------------------------------------------------


@transaction.atomic
def grant_access(*, app: PartnerApp, restaurant_id: int, scopes: Iterable[str], by: User | None) -> PartnerGrant:
    """Let an app work for a restaurant; what it was allowed there before is replaced.

    :raises AppNotActive: :raises AppOfAnotherHouse:
    :raises ScopesNotAllowed: for more than the app is registered for
    :raises InvalidInput: for no scope, or one that no house is asked for
    """
    wanted = _known(scopes, among=GRANTED_SCOPES)
    app = _active(app)
    if app.restaurant_id is not None and app.restaurant_id != restaurant_id:
        raise AppOfAnotherHouse
    allowed = [scope for scope in app.allowed_scopes() if scope in GRANTED_SCOPES]
    excess = [scope for scope in wanted if scope not in allowed]
    if excess:
        raise ScopesNotAllowed(excess=", ".join(excess), allowed=allowed)
    # The app's row is locked: two owners at once do not make two grants.
    standing = app.grants.standing().filter(restaurant_id=restaurant_id).first()
    if standing is not None:
        if set(standing.scopes) != set(wanted):
            standing.scopes = wanted
            standing.save(update_fields=["scopes"])
            audit.record("partner.access_changed", actor=by, target=standing, details=_about(standing))
            park_what_may_not_go(app=app)
        return standing
    grant = PartnerGrant.objects.create(app=app, restaurant_id=restaurant_id, scopes=wanted, granted_by=by)
    audit.record("partner.access_granted", actor=by, target=grant, details=_about(grant))
    return grant


@transaction.atomic
def revoke_access(*, grant: PartnerGrant, by: User) -> PartnerGrant:
    """Take a restaurant's leave back, at once: the next request finds nothing there. A second time does nothing."""
    grant = PartnerGrant.objects.select_for_update(of=("self",)).select_related("app").get(pk=grant.pk)
    if grant.is_standing:
        grant.revoked_at = timezone.now()
        grant.revoked_by = by
        grant.save(update_fields=["revoked_at", "revoked_by"])
        park_what_may_not_go(app=grant.app)
        audit.record("partner.access_ended", actor=by, target=grant, details=_about(grant))
    return grant


def forget_expired_tokens(*, now: datetime | None = None) -> int:
    """Delete tokens whose time is over, and return how many went."""
    expired = Token.objects.filter(expires_at__lte=now or timezone.now(), client__partner_app__isnull=False)
    return int(expired.delete()[0])


# --- Inner ------------------------------------------------------------------------------------------------------------


def _known(scopes: Iterable[str], among: Sequence[str] = tuple(Scope)) -> list[str]:
    wanted = list(dict.fromkeys(scopes))
    unknown = [scope for scope in wanted if scope not in among]
    if unknown or not wanted:
        choices = ", ".join(str(scope) for scope in among)
        raise InvalidInput(errors={"scopes": [_("Choose from: %(choices)s.") % {"choices": choices}]})
    # In the order of the list, so that equal choices read equal.
    return [str(scope) for scope in among if scope in wanted]


def _locked(app: PartnerApp) -> PartnerApp:
    return PartnerApp.objects.select_for_update(of=("self",)).select_related("client").get(pk=app.pk)


def _active(app: PartnerApp) -> PartnerApp:
    app = _locked(app)
    if not app.is_active:
        raise AppNotActive
    return app


def _end_tokens(app: PartnerApp) -> None:
    Token.objects.filter(client_id=app.client_id).delete()


def _about(grant: PartnerGrant) -> dict[str, object]:
    return {"app": grant.app.public_id, "scopes": grant.scopes}
