"""Serializer fields for what people and programs send: cleaned once at the door (`core.text`, `core.phones`)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions, serializers

from core import money, phones
from core.text import clean_line, clean_name, clean_text, too_long

NO_OFFSET = _("Say the offset from UTC too, as in 2026-12-24T19:00:00+01:00.")
NOT_AN_INSTANT = _("Write the time as in 2026-12-24T19:00:00+01:00 (ISO 8601 with the offset from UTC).")
UNKNOWN_FIELD = _("There is no such field here. The description of the API has those that there are.")
OUT_OF_REACH = _("This time is too far away: nothing is kept for so many years.")
_INSTANT = re.compile(r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:?\d{2})?$", re.ASCII)
_YEARS = 10


class NotAnInstant(ValueError):
    """The text is no instant; `sentence` says what is wrong with it."""

    def __init__(self, sentence: Any, code: str) -> None:
        super().__init__(code)
        self.sentence = sentence
        self.code = code


def instant_of(text: str) -> datetime:
    """Return an instant written in ISO 8601 with its offset, in UTC.

    :raises NotAnInstant: when it cannot be read, lacks the offset, or lies decades away
    """
    if not _INSTANT.match(text):
        raise NotAnInstant(NOT_AN_INSTANT, "not_an_instant")
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise NotAnInstant(NOT_AN_INSTANT, "not_an_instant") from error
    if moment.tzinfo is None:
        raise NotAnInstant(NO_OFFSET, "no_offset")
    # Calendars end, and a sum of days beyond their end is an error nobody expects.
    if abs(moment.year - timezone.now().year) > _YEARS:
        raise NotAnInstant(OUT_OF_REACH, "out_of_reach")
    return moment.astimezone(UTC)


class StrictSerializer(serializers.Serializer[Any]):
    """Takes each value as JSON writes it: a number is no text, a text no number, and 1 is not true.

    What it does not know it refuses, by name: a misspelt wish that were dropped would be taken for one that was met.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            wrong = {
                str(name): [exceptions.ErrorDetail(str(UNKNOWN_FIELD), code="unknown_field")]
                for name in data
                if name not in self.fields
            }
            wrong |= {
                name: [exceptions.ErrorDetail(sentence, code="invalid")]
                for name, field in self.fields.items()
                if name in data and (sentence := _wrong_kind(field, data[name]))
            }
            if wrong:
                raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)


def _wrong_kind(field: Any, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(field, serializers.BooleanField):
        return "" if isinstance(value, bool) else str(_("Write true or false."))
    is_number_among_few = isinstance(field, serializers.ChoiceField) and all(
        isinstance(choice, int) for choice in field.choices
    )
    if isinstance(field, serializers.IntegerField) or is_number_among_few:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return "" if is_whole else str(_("Write a whole number."))
    if isinstance(field, serializers.CharField | serializers.UUIDField | serializers.ChoiceField):
        return "" if isinstance(value, str) else str(_("Write a text."))
    return ""


class LineField(serializers.CharField):
    """One line of text, such as a name."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        self.longest = max_length
        super().__init__(max_length=max_length, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str) and len(data) > self.longest:
            # As the description says it, whatever cleaning would take away.
            raise too_long(self.longest)
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text = self._clean_text(super().to_internal_value(data))
        if not text and not self.allow_blank:
            self.fail("blank")
        return text

    def _clean_text(self, text: str) -> str:
        return clean_line(text, max_length=self.longest)


class NameField(LineField):
    """The name of a person."""

    def _clean_text(self, text: str) -> str:
        return clean_name(text, max_length=self.longest)


class TextField(LineField):
    """Text of several lines, such as wishes."""

    def _clean_text(self, text: str) -> str:
        return clean_text(text, max_length=self.longest)


class PhoneField(serializers.CharField):
    """A telephone number in any spelling; cleaned to E.164."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        return phones.normalise(text) if text else ""


@extend_schema_field(OpenApiTypes.DATETIME)
class InstantField(serializers.Field):
    """An instant in ISO 8601 with its offset; cleaned to UTC."""

    def to_internal_value(self, data: Any) -> datetime:
        try:
            if not isinstance(data, str):
                raise NotAnInstant(NOT_AN_INSTANT, "not_an_instant")
            return instant_of(data.strip())
        except NotAnInstant as error:
            raise serializers.ValidationError(error.sentence, code=error.code) from error

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(OpenApiTypes.STR)
class AmountField(serializers.Field):
    """Naira as text, `4500.00`; cleaned to kobo. What hides in an exponent (`1e9`) is refused, as by `money.parse`.

    :param least: in kobo
    :param most: in kobo
    """

    default_error_messages = {
        "too_small": _("Write an amount of at least %(amount)s."),
        "too_large": _("This amount is too large."),
    }

    def __init__(self, *, least: int | None = None, most: int | None = None, **kwargs: Any) -> None:
        self.least, self.most = least, most
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str):
            raise serializers.ValidationError(_("Write a text."))
        kobo = money.parse(data)
        if self.least is not None and kobo < self.least:
            sentence = str(self.error_messages["too_small"]) % {"amount": money.to_api(self.least)}
            raise serializers.ValidationError(sentence, code="too_small")
        if self.most is not None and kobo > self.most:
            self.fail("too_large")
        return kobo

    def to_representation(self, value: Any) -> Any:
        return value
