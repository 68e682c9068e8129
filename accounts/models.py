import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.states import InvitationStatus, PlatformRole, Role
from core.audit.row_history import keeps_history
from core.encryption import BlindIndexed, BlindIndexField, BlindIndexQuerySet, EncryptedTextField


class UserManager(BaseUserManager["User"]):
    """Makes people who are known by their e-mail address."""

    def get_queryset(self) -> BlindIndexQuerySet["User"]:
        return BlindIndexQuerySet(self.model, using=self._db)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).strip().lower(), **fields)
        user.set_password(password)
        with transaction.atomic(using=self._db):
            user.save(using=self._db)
            # Made by the house's own hand, so the address counts as theirs; whoever registers has to show it first.
            user.emailaddress_set.create(  # type: ignore[attr-defined]
                email=user.email, verified=True, primary=True
            )
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(BlindIndexed, AbstractUser):  # type: ignore[django-manager-missing]
    """A person who signs in with an e-mail address; what they may do comes from memberships."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"))
    name = models.CharField(_("name"), max_length=100)
    phone = EncryptedTextField(
        _("phone"), max_length=16, blank=True, help_text=_("International form, +234…"), aad="accounts.user.phone"
    )
    phone_index = BlindIndexField(of="phone", kind="phone")
    # A number somebody proved to have opens one account; a number merely written down may stand in several.
    phone_verified_at = models.DateTimeField(_("phone verified"), null=True, blank=True, editable=False)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    # Set by whoever authenticates a request: nobody works with a restaurant's rows by a password alone.
    passed_second_factor = False

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="user_public_id_is_unique"),
            models.UniqueConstraint(Lower("email"), name="user_email_is_unique_whatever_its_case"),
            models.UniqueConstraint(fields=["email"], name="user_email_is_unique"),
            models.UniqueConstraint(
                fields=["phone_index"],
                condition=models.Q(phone_verified_at__isnull=False),
                name="a_verified_phone_is_one_persons",
            ),
            models.CheckConstraint(
                condition=models.Q(phone_verified_at__isnull=True) | ~models.Q(phone_index=""),
                name="a_verified_phone_is_there",
            ),
        ]
        indexes = [
            models.Index(fields=["phone_index"], condition=~models.Q(phone_index=""), name="people_by_phone"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def is_verified(self) -> bool:
        """Tell whether a second factor was shown in the session at hand; django-otp's name for it."""
        return self.passed_second_factor

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name


@keeps_history("MembershipHistory", verbose_name=_("history of a membership"))
class Membership(models.Model):
    """A person's role at one restaurant."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name=_("person"))
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.CASCADE, related_name="memberships", verbose_name=_("restaurant")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ["restaurant_id", "user_id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "restaurant"], name="one_membership_per_person_and_restaurant"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class PlatformMembership(models.Model):
    """A person's role for the platform itself. Platform admins have no row: they are `User.is_superuser`."""

    user = models.ForeignKey(User, models.CASCADE, related_name="platform_memberships", verbose_name=_("person"))
    role = models.CharField(
        _("role"), max_length=20, choices=[(PlatformRole.TRANSLATOR.value, PlatformRole.TRANSLATOR.label)]
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("role on the platform")
        verbose_name_plural = _("roles on the platform")
        ordering = ["user_id", "role"]
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="one_platform_role_of_a_kind_per_person"),
            models.CheckConstraint(
                condition=models.Q(role__in=[PlatformRole.TRANSLATOR.value]), name="platform_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class Invitation(models.Model):
    """Somebody was asked by mail to work at a restaurant. The link's token is kept as a hash, as passwords are."""

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.CASCADE, related_name="+", verbose_name=_("restaurant")
    )
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    token_hash = models.CharField(max_length=64, editable=False)
    status = models.CharField(
        _("status"), max_length=10, choices=InvitationStatus.choices, default=InvitationStatus.PENDING
    )
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("invited by")
    )
    created_at = models.DateTimeField(_("invited"), auto_now_add=True)
    sent_at = models.DateTimeField(_("mail sent"))
    expires_at = models.DateTimeField(_("open until"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="invitation_public_id_is_unique"),
            models.UniqueConstraint(fields=["token_hash"], name="invitation_token_is_unique"),
            models.UniqueConstraint(
                fields=["restaurant", "email"],
                condition=models.Q(status=InvitationStatus.PENDING),
                name="one_open_invitation_per_address_and_restaurant",
            ),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="invitation_role_is_known"),
            models.CheckConstraint(
                condition=models.Q(status__in=InvitationStatus.values), name="invitation_status_is_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["restaurant"],
                condition=models.Q(status=InvitationStatus.PENDING),
                name="open_invitations_of_a_house",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} · {self.get_role_display()}"

    def stands_as(self, now: datetime) -> InvitationStatus:
        """Return what has become of it; that a waiting one has run out is read from its date."""
        status = InvitationStatus(self.status)
        has_run_out = status == InvitationStatus.PENDING and self.expires_at <= now
        return InvitationStatus.EXPIRED if has_run_out else status

    def is_open(self, now: datetime) -> bool:
        """Tell whether it can still be answered."""
        return self.stands_as(now) == InvitationStatus.PENDING

    def end_as(self, status: InvitationStatus, now: datetime) -> None:
        """Store what became of it; whoever calls has locked the row."""
        self.status, self.answered_at = status, now
        self.save(update_fields=["status", "answered_at"])
