"""Programs of others: their credentials, what each restaurant lets them do, and the addresses they are told at."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.partners.states import (
    UNDELIVERED,
    AppStatus,
    DeliveryStatus,
    DisabledBy,
    EndpointStatus,
    EventType,
    Plan,
    Scope,
    error_text,
    scopes_able_to,
)
from accounts.states import Ability
from core.encryption import EncryptedTextField


class PartnerApp(models.Model):
    """A program that acts for itself; what it may do comes from its token's scopes and from restaurants' grants.

    Stands in `request.user` where a partner's token opened the door, so it answers what is asked of people there.
    """

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    organisation = models.CharField(_("organisation"), max_length=100)
    website = models.URLField(_("website"), blank=True)
    contact_email = models.EmailField(_("contact's e-mail address"))
    status = models.CharField(_("status"), max_length=10, choices=AppStatus, default=AppStatus.ACTIVE)
    plan = models.CharField(_("plan"), max_length=10, choices=Plan, default=Plan.TRIAL)
    # A house's own till or website: its owners manage it, and no other house can let it in.
    restaurant = models.ForeignKey(
        "restaurants.Restaurant",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("only for this restaurant"),
    )
    client = models.OneToOneField(
        "allauth_idp_oidc.Client", models.PROTECT, related_name="partner_app", editable=False, verbose_name=_("client")
    )
    previous_secret = models.CharField(max_length=200, blank=True, editable=False)
    previous_secret_until = models.DateTimeField(_("old secret works until"), null=True, blank=True, editable=False)
    secret_made_at = models.DateTimeField(_("secret made"), default=timezone.now, editable=False)
    last_token_at = models.DateTimeField(_("last token"), null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name=_("registered by"),
    )
    created_at = models.DateTimeField(_("registered"), default=timezone.now, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    is_authenticated = True
    is_anonymous = False
    is_partner = True
    is_staff = False
    is_superuser = False
    passed_second_factor = False
    # Kept apart from people's, whose keys are numbers too.
    actor_kind = "partner"
    # The scopes of the token at hand; set by whoever authenticates a request.
    scopes: frozenset[str] = frozenset()

    class Meta:
        verbose_name = _("partner app")
        verbose_name_plural = _("partner apps")
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=AppStatus.REVOKED, revoked_at__isnull=False)
                | Q(~Q(status=AppStatus.REVOKED), revoked_at__isnull=True),
                name="revoked_app_has_its_time",
            ),
            models.CheckConstraint(condition=Q(status__in=AppStatus.values), name="app_status_is_known"),
            models.CheckConstraint(condition=Q(plan__in=Plan.values), name="app_plan_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.organisation})" if self.organisation else self.name

    @property
    def is_active(self) -> bool:
        return self.status == AppStatus.ACTIVE

    def is_verified(self) -> bool:
        return False

    def allowed_scopes(self) -> list[str]:
        """Return what the app may ask for at all."""
        return [scope for scope in Scope if scope in self.client.get_scopes()]

    def secret_hashes_at(self, now: datetime) -> list[str]:
        """Return the hashes of the secrets that open: two while one replaces another."""
        if self.previous_secret and self.previous_secret_until and self.previous_secret_until > now:
            return [self.client.secret, self.previous_secret]
        return [self.client.secret]

    def granted_restaurant_ids(self, ability: Ability) -> set[int]:
        """Return where restaurants granted a scope with this ability that the token at hand carries, too."""
        usable = [scope for scope in scopes_able_to(ability) if scope in self.scopes]
        if not usable or not self.is_active:
            return set()
        kept: dict[Ability, set[int]] = self.__dict__.setdefault("_granted", {})
        if ability not in kept:
            grants = self.grants.standing().filter(scopes__overlap=usable)
            kept[ability] = set(grants.values_list("restaurant_id", flat=True))
        return kept[ability]


class PartnerGrantQuerySet(models.QuerySet["PartnerGrant"]):
    def standing(self) -> Self:
        return self.filter(revoked_at__isnull=True)


class PartnerGrant(models.Model):
    """A restaurant's leave for an app to work there; taken back, it stays as a record of what was."""

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    app = models.ForeignKey(PartnerApp, models.CASCADE, related_name="grants", verbose_name=_("app"))
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.CASCADE, related_name="+", verbose_name=_("restaurant")
    )
    scopes = ArrayField(models.CharField(max_length=40, choices=Scope), verbose_name=_("what it may do"))
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name=_("granted by"),
    )
    granted_at = models.DateTimeField(_("granted"), default=timezone.now, editable=False)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name=_("taken back by"),
    )
    revoked_at = models.DateTimeField(_("taken back"), null=True, blank=True, editable=False)

    objects = PartnerGrantQuerySet.as_manager()

    class Meta:
        verbose_name = _("access of a partner app")
        verbose_name_plural = _("access of partner apps")
        ordering = ["-granted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["app", "restaurant"],
                condition=Q(revoked_at__isnull=True),
                name="one_standing_grant_per_app_and_restaurant",
            ),
            models.CheckConstraint(condition=Q(scopes__len__gt=0), name="grant_allows_something"),
        ]
        indexes = [models.Index(fields=["restaurant", "app"], name="grants_of_a_restaurant")]

    def __str__(self) -> str:
        return f"{self.app} → {self.restaurant}"

    @property
    def is_standing(self) -> bool:
        return self.revoked_at is None


# --- Webhooks ---------------------------------------------------------------------------------------------------------

# Read where a message is signed and nowhere else: one that does not decrypt must stop its own address alone.
SECRETS = ("secret", "previous_secret")


class EndpointManager(models.Manager["Endpoint"]):
    def get_queryset(self) -> models.QuerySet["Endpoint"]:
        return super().get_queryset().defer(*SECRETS)


class Endpoint(models.Model):
    """An address of a partner that is told what happens at the restaurants that granted it."""

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    app = models.ForeignKey(PartnerApp, models.CASCADE, related_name="endpoints", verbose_name=_("app"))
    url = models.CharField(_("address"), max_length=2000)
    description = models.CharField(_("description"), max_length=200, blank=True)
    event_types = ArrayField(models.CharField(max_length=40, choices=EventType), verbose_name=_("events"))
    secret = EncryptedTextField(_("signing secret"), aad="partners.endpoint.secret", editable=False)
    previous_secret = EncryptedTextField(aad="partners.endpoint.previous_secret", blank=True, editable=False)
    previous_secret_until = models.DateTimeField(_("old secret signs until"), null=True, blank=True, editable=False)
    status = models.CharField(
        _("status"), max_length=10, choices=EndpointStatus, default=EndpointStatus.UNVERIFIED, editable=False
    )
    disabled_by = models.CharField(
        _("why it is disabled"),
        max_length=10,
        choices=DisabledBy,
        default=DisabledBy.NOBODY,
        blank=True,
        editable=False,
    )
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    # An address that fails is left in peace for a while, whatever waits for it.
    quiet_until = models.DateTimeField(_("left in peace until"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("registered"), default=timezone.now, editable=False)

    objects = EndpointManager()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["app", "url"], name="app_has_an_address_once"),
            models.CheckConstraint(condition=Q(status__in=EndpointStatus.values), name="endpoint_status_is_known"),
            models.CheckConstraint(
                condition=~Q(status=EndpointStatus.ACTIVE) | Q(verified_at__isnull=False),
                name="active_endpoint_is_verified",
            ),
            models.CheckConstraint(
                condition=Q(status=EndpointStatus.DISABLED, disabled_by__gt="")
                | Q(~Q(status=EndpointStatus.DISABLED), disabled_by=""),
                name="disabled_endpoint_says_why",
            ),
        ]

    def __str__(self) -> str:
        return self.url

    def secrets_at(self, now: datetime) -> list[str]:
        """Return the secrets to sign with: two while one replaces another."""
        if self.previous_secret and self.previous_secret_until and self.previous_secret_until > now:
            return [self.secret, self.previous_secret]
        return [self.secret]


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def with_endpoint(self) -> Self:
        """Fetch the address and its app along, without its secrets."""
        return self.select_related("endpoint__app__client").defer(*(f"endpoint__{name}" for name in SECRETS))

    def due(self, now: datetime) -> Self:
        """Keep what a worker should take up now: waiting ones, and those whose worker let the lease run out."""
        return self.filter(status__in=UNDELIVERED, next_attempt_at__lte=now)

    def about(self, restaurant_ids: Iterable[int] | None) -> Self:
        return self if restaurant_ids is None else self.filter(restaurant_id__in=restaurant_ids)


class Delivery(models.Model):
    """One event on its way to one address, with what became of each try."""

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="deliveries", verbose_name=_("webhook"))
    event_id = models.UUIDField(_("event"), editable=False)
    event_type = models.CharField(_("type"), max_length=40)
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.CASCADE, null=True, related_name="+", verbose_name=_("restaurant")
    )
    # What is signed and sent, letter for letter: ids and times only.
    body = models.TextField(_("content"))
    status = models.CharField(_("status"), max_length=10, choices=DeliveryStatus, default=DeliveryStatus.WAITING)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    # While waiting: when to try next. While being sent: when the worker's lease runs out.
    next_attempt_at = models.DateTimeField(_("next try"), default=timezone.now)
    answer_status = models.PositiveSmallIntegerField(_("answered with"), null=True, blank=True)
    # For people in the back office alone; the API tells the status and nothing of what was read.
    answer_body = models.TextField(_("answer"), blank=True)
    # A code of states.DeliveryError or core.fetching.Why, as the errors in the log are.
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    # [{"at": …, "status": …, "error": …, "ms": …}], the latest twenty
    tries = models.JSONField(_("log of tries"), default=list, blank=True)
    created_at = models.DateTimeField(_("recorded"), default=timezone.now)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery of a webhook")
        verbose_name_plural = _("deliveries of webhooks")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event_id"], name="event_goes_to_an_endpoint_once"),
            models.CheckConstraint(
                condition=Q(status=DeliveryStatus.DELIVERED, delivered_at__isnull=False)
                | Q(~Q(status=DeliveryStatus.DELIVERED), delivered_at__isnull=True),
                name="webhook_delivered_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(status__in=UNDELIVERED), name="webhook_undelivered"),
            models.Index(fields=["endpoint", "-created_at", "-id"], name="webhooks_newest_first"),
            models.Index(fields=["created_at"], name="webhooks_oldest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} → {self.endpoint}"

    @property
    def webhook_id(self) -> str:
        """What receivers tell repeats by: the same at every try, and at every address."""
        return f"evt_{self.event_id.hex}"

    @property
    def last_error_text(self) -> str:
        """What went wrong last, in the reader's language."""
        return error_text(self.last_error, self.answer_status)
