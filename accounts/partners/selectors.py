"""Questions about partner apps: whose they are, and who sees what of them."""

from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.partners.errors import AppNotFound, DeliveryNotFound, EndpointNotFound, GrantNotFound
from accounts.partners.models import Delivery, Endpoint, PartnerApp, PartnerGrant
from accounts.partners.states import AppStatus
from accounts.selectors import Person, may_on_platform, may_somewhere, restaurant_ids_where
from accounts.states import Ability


def manages_apps(person: Person) -> bool:
    """Tell whether one registers and ends the apps of all."""
    return may_on_platform(person, Ability.MANAGE_PARTNERS)


def deals_with_partners(person: Person) -> bool:
    """Tell whether one has any business with partner apps: the platform's people, and owners."""
    return manages_apps(person) or may_somewhere(person, Ability.MANAGE_PARTNER_ACCESS)


def apps_managed_by(person: Person) -> QuerySet[PartnerApp]:
    """Return the apps that one may change: the platform's people all, owners those of their own houses."""
    apps = PartnerApp.objects.select_related("client", "restaurant")
    return apps if manages_apps(person) else apps.filter(restaurant_id__in=_houses(person))


def apps_seen_by(person: Person) -> QuerySet[PartnerApp]:
    """Return the apps that one sees: with those one manages, those that work or worked for one's houses."""
    apps = PartnerApp.objects.select_related("client", "restaurant")
    if manages_apps(person):
        return apps
    houses = _houses(person)
    here = PartnerGrant.objects.filter(restaurant_id__in=houses).values("app_id")
    return apps.filter(Q(restaurant_id__in=houses) | Q(pk__in=here))


def app_seen_by(person: Person, public_id: UUID) -> PartnerApp:
    """:raises AppNotFound: also for what is there and none of theirs"""
    app = apps_seen_by(person).filter(public_id=public_id).first()
    if app is None:
        raise AppNotFound
    return app


def app_managed_by(person: Person, public_id: UUID) -> PartnerApp:
    """:raises AppNotFound: also for what is there and not theirs to change"""
    app = apps_managed_by(person).filter(public_id=public_id).first()
    if app is None:
        raise AppNotFound
    return app


def apps_to_let_in(person: Person) -> QuerySet[PartnerApp]:
    """Return the apps that one may let into a house of one's own.

    Any app made for many houses: its maker gives out its ids, which are no secrets. An app of one house is known there
    alone.
    """
    apps = PartnerApp.objects.select_related("client", "restaurant")
    return apps.filter(Q(restaurant__isnull=True) | Q(pk__in=apps_seen_by(person).values("pk")))


def app_to_let_in(person: Person, public_id: UUID) -> PartnerApp:
    """:raises AppNotFound: also for what is there and another house's own"""
    app = apps_to_let_in(person).filter(public_id=public_id).first()
    if app is None:
        raise AppNotFound
    return app


def app_with_client_id(person: Person, client_id: str) -> PartnerApp | None:
    """Return the active app with a client id, for who may let it in."""
    return apps_to_let_in(person).filter(client_id=client_id.strip(), status=AppStatus.ACTIVE).first()


def grants_seen_by(person: Person) -> QuerySet[PartnerGrant]:
    """Return the grants of one's own houses; the platform's people see all."""
    grants = PartnerGrant.objects.select_related("app__client", "restaurant", "granted_by")
    return grants if manages_apps(person) else grants.filter(restaurant_id__in=_houses(person))


def grant_seen_by(person: Person, app: PartnerApp, public_id: UUID) -> PartnerGrant:
    """:raises GrantNotFound: also for another house's"""
    grant = grants_seen_by(person).filter(app=app, public_id=public_id).first()
    if grant is None:
        raise GrantNotFound
    return grant


def restaurant_in_reach(person: Person, public_id: UUID) -> int | None:
    """Return the key of a restaurant whose partners one decides about; None when it is not there or not theirs."""
    # The floor of restaurants lies above; a relation may be followed from here, a module not imported.
    restaurants = PartnerGrant._meta.get_field("restaurant").related_model
    rows = restaurants._default_manager.filter(public_id=public_id)
    if not manages_apps(person):
        rows = rows.filter(pk__in=_houses(person))
    key: int | None = rows.values_list("pk", flat=True).first()
    return key


def endpoints_managed_by(asker: Person) -> QuerySet[Endpoint]:
    """Return the webhooks that one manages: an app its own, people those of the apps that they manage."""
    endpoints = Endpoint.objects.select_related("app__client")
    if isinstance(asker, PartnerApp):
        return endpoints.filter(app=asker)
    return endpoints.filter(app__in=apps_managed_by(asker))


def endpoint_managed_by(asker: Person, public_id: UUID) -> Endpoint:
    """:raises EndpointNotFound: also for another's"""
    endpoint = endpoints_managed_by(asker).filter(public_id=public_id).first()
    if endpoint is None:
        raise EndpointNotFound
    return endpoint


def delivery_of(endpoint: Endpoint, public_id: UUID) -> Delivery:
    """:raises DeliveryNotFound: also for another webhook's"""
    delivery = endpoint.deliveries.with_endpoint().filter(public_id=public_id).first()
    if delivery is None:
        raise DeliveryNotFound
    return delivery


def _houses(person: Person) -> set[int]:
    # None would mean every restaurant; whoever has that runs the platform and was asked before.
    return restaurant_ids_where(person, Ability.MANAGE_PARTNER_ACCESS) or set()
