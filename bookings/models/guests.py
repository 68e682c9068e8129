"""The guest book: how one house knows the people who come to it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThan
from django.utils.translation import gettext_lazy as _

from bookings.states import TagRule
from core.encryption import BlindIndexed, BlindIndexField, BlindIndexQuerySet, EncryptedTextField


class HouseGuest(BlindIndexed):
    """A person as one house knows them, across all their visits there.

    The figures are kept running by whatever moves a booking; the bookings themselves have the last word
    (`services.guest_figures`). Allergies are only ever held with the guest's consent, which is noted beside them.
    """

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.CASCADE, related_name="+", verbose_name=_("restaurant")
    )
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    name = models.CharField(_("name"), max_length=100)
    # The name's words without marks, in the order of the alphabet: Obi Ada and Ada Ọbí are alike.
    sorted_name = models.CharField(max_length=120, blank=True, default="", editable=False)
    phone = EncryptedTextField(_("phone"), max_length=16, blank=True, aad="bookings.houseguest.phone")
    phone_index = BlindIndexField(of="phone", kind="phone")
    email = EncryptedTextField(_("e-mail address"), max_length=254, blank=True, aad="bookings.houseguest.email")
    email_index = BlindIndexField(of="email", kind="email")

    # Month and day as 03-21: nobody needs the year.
    birthday = EncryptedTextField(_("birthday"), max_length=5, blank=True, aad="bookings.houseguest.birthday")
    anniversary = EncryptedTextField(_("anniversary"), max_length=5, blank=True, aad="bookings.houseguest.anniversary")
    allergies = EncryptedTextField(_("allergies"), max_length=300, blank=True, aad="bookings.houseguest.allergies")
    allergies_agreed_at = models.DateTimeField(_("agreed to keep them"), null=True, blank=True)
    allergies_wording = models.CharField(
        max_length=80, blank=True, default="", editable=False, help_text="Version and fingerprint of the words."
    )
    # Of somebody without an account: anybody can book under their number, and only this booking is theirs for sure.
    allergies_told_with = models.ForeignKey(
        "bookings.Booking", models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    blocked_at = models.DateTimeField(_("blocked"), null=True, blank=True)
    blocked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("blocked by")
    )
    block_reason = EncryptedTextField(
        _("why blocked"), max_length=300, blank=True, aad="bookings.houseguest.block_reason"
    )
    wants_no_thanks = models.BooleanField(_("wants no thank-you mails"), default=False)

    visits = models.PositiveIntegerField(_("visits"), default=0)
    covers = models.PositiveIntegerField(_("covers"), default=0)
    no_shows = models.PositiveIntegerField(_("no-shows"), default=0)
    late_cancellations = models.PositiveIntegerField(_("late cancellations"), default=0)
    spend_kobo = models.PositiveBigIntegerField(_("spend (kobo)"), default=0)
    last_visit_at = models.DateTimeField(_("last visit"), null=True, blank=True)

    created_at = models.DateTimeField(_("known since"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    objects = BlindIndexQuerySet["HouseGuest"].as_manager()

    class Meta:
        verbose_name = _("guest")
        verbose_name_plural = _("guests")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="house_guest_public_id_is_unique"),
            models.UniqueConstraint(
                fields=["restaurant", "account"],
                condition=Q(account__isnull=False),
                name="one_guest_per_house_and_account",
            ),
            models.CheckConstraint(
                # The ciphertext's length: what is encrypted cannot be asked for its value.
                condition=Q(LessThan(Length("allergies"), 1)) | Q(allergies_agreed_at__isnull=False),
                name="allergies_are_kept_with_consent",
            ),
        ]
        indexes = [
            models.Index(fields=["restaurant", "sorted_name"], name="house_guests_by_name"),
            models.Index(fields=["phone_index"], condition=~Q(phone_index=""), name="house_guests_by_phone"),
            models.Index(fields=["email_index"], condition=~Q(email_index=""), name="house_guests_by_email"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_blocked(self) -> bool:
        return self.blocked_at is not None


class OtherContact(BlindIndexed):
    """Another phone or address under which a guest was known, before two entries were found to be one person."""

    guest = models.ForeignKey(HouseGuest, models.CASCADE, related_name="other_contacts")
    phone = EncryptedTextField(_("phone"), max_length=16, blank=True, aad="bookings.othercontact.phone")
    phone_index = BlindIndexField(of="phone", kind="phone")
    email = EncryptedTextField(_("e-mail address"), max_length=254, blank=True, aad="bookings.othercontact.email")
    email_index = BlindIndexField(of="email", kind="email")

    objects = BlindIndexQuerySet["OtherContact"].as_manager()

    class Meta:
        verbose_name = _("other contact")
        verbose_name_plural = _("other contacts")
        indexes = [
            models.Index(fields=["phone_index"], condition=~Q(phone_index=""), name="other_contacts_by_phone"),
            models.Index(fields=["email_index"], condition=~Q(email_index=""), name="other_contacts_by_email"),
        ]

    def __str__(self) -> str:
        return str(self.guest_id)


class GuestNote(models.Model):
    """What staff want to remember of a guest."""

    guest = models.ForeignKey(HouseGuest, models.CASCADE, related_name="notes")
    text = EncryptedTextField(_("note"), max_length=500, aad="bookings.guestnote.text")
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("written by"),
    )
    written_at = models.DateTimeField(_("written"), auto_now_add=True)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["-written_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.written_at:%d/%m/%Y}" if self.written_at else str(_("Note"))


class GuestTag(models.Model):
    """A mark that a house gives its guests: by hand, or by a rule that Buka keeps up."""

    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.CASCADE, related_name="+", verbose_name=_("restaurant")
    )
    name = models.CharField(_("name"), max_length=40)
    rule = models.CharField(_("given"), max_length=10, choices=TagRule.choices, blank=True, default=TagRule.BY_HAND)
    least = models.PositiveBigIntegerField(
        _("from"),
        null=True,
        blank=True,
        help_text=_("So many visits or no-shows, so many kobo, or so many days before the birthday."),
    )
    months = models.PositiveSmallIntegerField(
        _("within months"), null=True, blank=True, help_text=_("Empty: since the guest first came.")
    )

    class Meta:
        verbose_name = _("tag for guests")
        verbose_name_plural = _("tags for guests")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["restaurant", "name"], name="guest_tag_name_is_unique_in_its_house"),
            models.CheckConstraint(
                condition=Q(rule=TagRule.BY_HAND, least__isnull=True, months__isnull=True)
                | ~Q(rule=TagRule.BY_HAND) & Q(least__gte=1),
                name="guest_tag_rule_has_its_number",
                violation_error_message=_("A rule needs its number, and a tag given by hand has none."),
            ),
            models.CheckConstraint(condition=Q(rule__in=TagRule.values), name="guest_tag_rule_is_known"),
        ]

    def __str__(self) -> str:
        return self.name


class GuestTagging(models.Model):
    """A guest wears a tag; `given_by` is empty where a rule gave it."""

    guest = models.ForeignKey(HouseGuest, models.CASCADE, related_name="taggings", db_index=False)
    tag = models.ForeignKey(GuestTag, models.CASCADE, related_name="taggings", verbose_name=_("tag"))
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("given by"),
    )
    given_at = models.DateTimeField(_("given"), auto_now_add=True)

    class Meta:
        verbose_name = _("tag of a guest")
        verbose_name_plural = _("tags of guests")
        ordering = ["tag__name"]
        constraints = [models.UniqueConstraint(fields=["guest", "tag"], name="a_guest_wears_a_tag_once")]

    def __str__(self) -> str:
        return str(self.tag_id)
