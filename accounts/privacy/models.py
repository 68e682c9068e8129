import secrets
import uuid
from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.privacy.states import (
    ANSWER_WITHIN,
    ERASURE_OPEN,
    EXPORT_OPEN,
    TELL_COMMISSION_WITHIN,
    Door,
    ErasureStatus,
    ExportStatus,
    Purpose,
    RequestKind,
    RequestStatus,
    Risk,
)
from core.audit.row_history import never_emptied
from core.encryption import EncryptedJSONField, EncryptedTextField

# A consent may be closed once and lose the addresses that were noted with it; nothing else in it ever changes.
_ONLY_CLOSED = """
    IF ROW(NEW.id, NEW.public_id, NEW.user_id, NEW.purpose, NEW.version, NEW.given_at, NEW.locale, NEW.door,
           NEW.text_hash)
       IS DISTINCT FROM
       ROW(OLD.id, OLD.public_id, OLD.user_id, OLD.purpose, OLD.version, OLD.given_at, OLD.locale, OLD.door,
           OLD.text_hash)
    OR (OLD.withdrawn_at IS NOT NULL AND ROW(NEW.withdrawn_at, NEW.withdrawn_door)
        IS DISTINCT FROM ROW(OLD.withdrawn_at, OLD.withdrawn_door))
    OR (NEW.address <> OLD.address AND NEW.address <> '')
    OR (NEW.withdrawn_address <> OLD.withdrawn_address AND NEW.withdrawn_address <> ''
        AND OLD.withdrawn_at IS NOT NULL)
    THEN
        RAISE EXCEPTION 'A consent is history: it can be withdrawn once, never changed.' USING ERRCODE = '23001';
    END IF;
    RETURN NEW;
"""


class Consent(models.Model):
    """Somebody agreed to something: to which words, when, through which door; and when they took it back."""

    public_id = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="consents", verbose_name=_("person"), db_index=False
    )
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose)
    version = models.PositiveSmallIntegerField(_("version of the words"))
    given_at = models.DateTimeField(_("given"), default=timezone.now)
    locale = models.CharField(_("language"), max_length=10)
    door = models.CharField(_("given through"), max_length=10, choices=Door)
    text_hash = models.CharField(_("fingerprint of the words"), max_length=64)
    address = EncryptedTextField(_("given from"), aad="privacy.consent.address", blank=True, default="", is_fixed=True)
    withdrawn_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    withdrawn_door = models.CharField(_("taken back through"), max_length=10, choices=Door, blank=True, default="")
    withdrawn_address = EncryptedTextField(
        _("taken back from"), aad="privacy.consent.withdrawn_address", blank=True, default="", is_fixed=True
    )

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-given_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "purpose"], condition=Q(withdrawn_at__isnull=True), name="one_standing_consent"
            ),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="consent_purpose_is_known"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_door="")
                | Q(withdrawn_at__isnull=False) & ~Q(withdrawn_door=""),
                name="consent_taken_back_says_how",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-given_at"], name="consents_of_a_person"),
            models.Index(fields=["withdrawn_at"], condition=Q(withdrawn_at__isnull=False), name="consents_withdrawn"),
        ]
        triggers = [
            pgtrigger.Trigger(name="only_closed", when=pgtrigger.Before, operation=pgtrigger.Update, func=_ONLY_CLOSED),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            never_emptied(),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} · {self.version}"

    @property
    def stands(self) -> bool:
        return self.withdrawn_at is None


class Export(models.Model):
    """An archive of everything held about a person, put together once and fetched once."""

    public_id = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("person"),
    )
    request = models.ForeignKey(
        "privacy.DataRequest",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="exports",
        verbose_name=_("request of a guest"),
    )
    status = models.CharField(_("status"), max_length=10, choices=ExportStatus, default=ExportStatus.REQUESTED)
    language = models.CharField(_("language"), max_length=10, default="en")
    requested_at = models.DateTimeField(_("asked for"), default=timezone.now)
    # While asked for: when to try next. While being built: when the worker's lease runs out.
    next_attempt_at = models.DateTimeField(_("next attempt at"), default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    ready_at = models.DateTimeField(_("ready"), null=True, blank=True)
    expires_at = models.DateTimeField(_("until"), null=True, blank=True)
    fetched_at = models.DateTimeField(_("fetched"), null=True, blank=True)
    fetched_by = models.CharField(max_length=64, blank=True, default="", editable=False)
    size = models.PositiveIntegerField(_("bytes"), default=0)
    # The file is encrypted with a key of its own, which lies here, encrypted, and goes with the row.
    file_key = EncryptedTextField(aad="privacy.export.file_key", blank=True, default="", editable=False)
    link_key_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    last_error = models.CharField(_("last error"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("archive")
        verbose_name_plural = _("archives")
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(status__in=[ExportStatus.REQUESTED, ExportStatus.BUILDING, ExportStatus.READY]),
                name="one_open_archive_per_person",
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False, request__isnull=True) | Q(user__isnull=True, request__isnull=False),
                name="archive_is_a_persons_or_a_guests",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(status__in=[ExportStatus.REQUESTED, ExportStatus.BUILDING]),
                name="archives_to_build",
            ),
            models.Index(fields=["requested_at"], name="archives_by_age"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def is_open(self) -> bool:
        return self.status in EXPORT_OPEN

    @property
    def can_be_fetched(self) -> bool:
        return self.status == ExportStatus.READY and self.expires_at is not None and self.expires_at > timezone.now()

    @property
    def file_name(self) -> str:
        return f"exports/{self.public_id}"


class Erasure(models.Model):
    """A person, or a guest, is to be forgotten: what was done so far, and the receipt of it."""

    public_id = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("person")
    )
    request = models.ForeignKey(
        "privacy.DataRequest",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="erasures",
        verbose_name=_("request of a guest"),
    )
    status = models.CharField(_("status"), max_length=10, choices=ErasureStatus, default=ErasureStatus.REGRET)
    language = models.CharField(_("language"), max_length=10, default="en")
    requested_at = models.DateTimeField(_("asked for"), default=timezone.now)
    due_at = models.DateTimeField(_("begins"))
    cancelled_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    started_at = models.DateTimeField(_("begun"), null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    next_attempt_at = models.DateTimeField(_("next attempt at"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("last error"), max_length=300, blank=True, default="")
    pseudonym = models.CharField(_("pseudonym"), max_length=40, blank=True, default="")
    is_replay = models.BooleanField(_("after a restored backup"), default=False)
    # Whom the steps are about: fixed when the first begins, for later ones find neither address nor number. Emptied
    # at the end.
    subject = EncryptedJSONField(aad="privacy.erasure.subject", null=True, blank=True, editable=False)
    # Step -> {"at": …, "gone": 3, "kept": 1}
    steps = models.JSONField(_("steps"), default=dict, blank=True)
    receipt = models.JSONField(_("receipt"), default=dict, blank=True)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(status__in=[ErasureStatus.REGRET, ErasureStatus.HELD_UP, ErasureStatus.RUNNING]),
                name="one_open_erasure_per_person",
            )
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(status__in=[ErasureStatus.REGRET, ErasureStatus.HELD_UP, ErasureStatus.RUNNING]),
                name="erasures_to_run",
            )
        ]

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def is_open(self) -> bool:
        return self.status in ERASURE_OPEN


class Erased(models.Model):
    """The list of those who are forgotten, without saying who: a restored backup is held against it."""

    class Kind(models.TextChoices):
        ACCOUNT = "account", _("Account")
        GUEST = "guest", _("Guest without an account")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    # Under which key (core.encryption.index_keys): only with it can the fingerprint be compared with anybody's.
    key_name = models.CharField(_("key of the fingerprint"), max_length=16, blank=True, default="")
    # Of a guest: the rows that were erased, whose public ids say nothing of anybody.
    rows = models.JSONField(_("rows"), default=dict, blank=True)
    erasure_id = models.UUIDField(_("erasure"))
    pseudonym = models.CharField(_("pseudonym"), max_length=40)
    erased_at = models.DateTimeField(_("erased"), default=timezone.now)

    class Meta:
        verbose_name = _("forgotten person")
        verbose_name_plural = _("forgotten people")
        ordering = ["-erased_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["erasure_id", "fingerprint"], name="forgotten_once_per_erasure"),
        ]
        # Rows go by retention alone, one by one when their time is over.
        triggers = [pgtrigger.Protect(name="unchanged", operation=pgtrigger.Update), never_emptied()]

    def __str__(self) -> str:
        return f"{self.kind} {self.fingerprint[:12]}"


def new_reference() -> str:
    """Return a reference that can be said over the phone."""
    return "".join(secrets.choice("34679CDFGHJKMNPQRTVWXY") for _ in range(8))


class DataRequest(models.Model):
    """A question, a wish or a grievance about somebody's data (GAID art. 40), with thirty days to answer it."""

    public_id = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    reference = models.CharField(_("reference"), max_length=8, editable=False, unique=True)
    kind = models.CharField(_("about"), max_length=10, choices=RequestKind)
    status = models.CharField(_("status"), max_length=10, choices=RequestStatus, default=RequestStatus.OPEN)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    name = EncryptedTextField(_("name"), aad="privacy.datarequest.name", blank=True, default="")
    email = EncryptedTextField(_("e-mail address"), aad="privacy.datarequest.email", blank=True, default="")
    message = EncryptedTextField(_("message"), aad="privacy.datarequest.message", blank=True, default="")
    language = models.CharField(_("language"), max_length=10, default="en")
    # Which rows a guest has shown to be theirs, by code and phone or e-mail: {"bookings.Booking": [public ids]}
    proven_rows = models.JSONField(_("proven bookings"), default=dict, blank=True)
    proven_contact = EncryptedTextField(
        _("proven address"), aad="privacy.datarequest.proven_contact", blank=True, default=""
    )
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    due_at = models.DateTimeField(_("answer by"))
    answer = EncryptedTextField(_("answer"), aad="privacy.datarequest.answer", blank=True, default="")
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("request about data")
        verbose_name_plural = _("requests about data")
        ordering = ["due_at", "pk"]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status="open"), name="requests_to_answer"),
            models.Index(fields=["answered_at"], name="requests_by_answer"),
        ]

    def __str__(self) -> str:
        return self.reference

    def save(self, *args: object, **kwargs: object) -> None:
        self.reference = self.reference or new_reference()
        if self.due_at is None:
            self.due_at = self.received_at + ANSWER_WITHIN
        super().save(*args, **kwargs)  # type: ignore[arg-type]


class RetentionRun(models.Model):
    """One policy, looked after once: how much was over time, how much went."""

    policy = models.CharField(_("rule"), max_length=60)
    is_dry_run = models.BooleanField(_("only counted"), default=False)
    started_at = models.DateTimeField(_("begun"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    before = models.DateTimeField(_("older than"))
    found = models.PositiveIntegerField(_("over time"), default=0)
    removed = models.PositiveIntegerField(_("removed"), default=0)
    left_over = models.PositiveIntegerField(_("left for the next run"), default=0)
    error = models.CharField(_("error"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("run of a retention rule")
        verbose_name_plural = _("retention")
        ordering = ["-started_at", "-pk"]
        indexes = [
            models.Index(fields=["-started_at"], name="retention_runs_newest_first"),
            models.Index(fields=["policy", "-started_at"], name="retention_runs_of_a_policy"),
        ]

    def __str__(self) -> str:
        return self.policy


class Breach(models.Model):
    """A breach of personal data and what is done about it (Data Protection Act, s.40)."""

    public_id = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    title = models.CharField(_("in a line"), max_length=120)
    discovered_at = models.DateTimeField(_("discovered"), default=timezone.now)
    began_at = models.DateTimeField(_("began"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    what = models.TextField(_("what happened"), max_length=4000)
    data = models.TextField(_("which data"), max_length=2000, blank=True)
    who = models.TextField(_("who is affected"), max_length=2000, blank=True)
    affected_count = models.PositiveIntegerField(_("how many people"), null=True, blank=True)
    risk = models.CharField(_("risk"), max_length=10, choices=Risk, default=Risk.UNKNOWN)
    consequences = models.TextField(_("what it may lead to"), max_length=2000, blank=True)
    measures = models.TextField(_("what was done and will be done"), max_length=4000, blank=True)
    advice = models.TextField(_("what people can do"), max_length=2000, blank=True)
    commission_told_at = models.DateTimeField(_("the Commission was told"), null=True, blank=True)
    people_told_at = models.DateTimeField(_("the people were told"), null=True, blank=True)
    why_not_told = models.TextField(_("why somebody was not told, or late"), max_length=2000, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(_("written down"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    class Meta:
        verbose_name = _("breach")
        verbose_name_plural = _("breaches")
        ordering = ["-discovered_at", "-pk"]

    def __str__(self) -> str:
        return self.title

    @property
    def commission_by(self) -> datetime:
        """Until when the Commission must be told."""
        return self.discovered_at + TELL_COMMISSION_WITHIN

    @property
    def wants_commission(self) -> bool:
        # What nobody has judged yet counts as a risk: the clock does not wait for the judgement.
        return self.risk != Risk.NONE


class PrivacySettings(models.Model):
    """Who answers for the data: shown on the privacy page and in notices. There is one row."""

    controller = models.CharField(_("who runs Buka"), max_length=120, blank=True)
    controller_address = models.CharField(_("their address"), max_length=250, blank=True)
    officer_name = models.CharField(_("data protection officer"), max_length=120, blank=True)
    officer_email = models.EmailField(_("the officer's e-mail address"), blank=True)
    officer_phone = models.CharField(_("the officer's phone"), max_length=32, blank=True)
    registration = models.CharField(
        _("registration with the Commission"),
        max_length=80,
        blank=True,
        help_text=_("Number and category, as on the certificate of the Nigeria Data Protection Commission."),
    )
    registered_on = models.DateField(_("registered on"), null=True, blank=True)
    last_audit_return_on = models.DateField(
        _("last audit return"), null=True, blank=True, help_text=_("The next one is due by 31 March.")
    )
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    class Meta:
        verbose_name = _("who answers for the data")
        verbose_name_plural = _("who answers for the data")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_row_of_privacy_settings")]

    def __str__(self) -> str:
        return self.controller or "Buka"

    @classmethod
    def load(cls) -> "PrivacySettings":
        """Return the row, or what stands there before anybody has filled it in."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)
