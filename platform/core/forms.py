"""Form fields for what people type: cleaned once at the door (`core.text`, `core.phones`)."""

from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core import phones
from core.errors import DomainError, InvalidInput
from core.text import clean_line, clean_name, clean_text

# Before and after, there is nothing; and a clock cannot be asked about the end of time.
FIRST_DAY, LAST_DAY = date(2020, 1, 1), date(2099, 12, 31)


class ServiceForm(forms.Form):
    """A form whose fields bear the names of a service's, so that its refusals stand beside them."""

    refusals_beside: str | None = None
    """The field that a refusal is about which names none; None for the form as a whole."""

    def refused(self, refusal: DomainError) -> None:
        """Show a refusal of the service beside the field it is about."""
        if isinstance(refusal, InvalidInput) and refusal.errors:
            for name, sentences in refusal.errors.items():
                self.add_error(name if name in self.fields else None, [str(each) for each in sentences])
        else:
            self.add_error(self.refusals_beside, ValidationError(str(refusal), code=refusal.code))


class SeenVersionForm(ServiceForm):
    """The version of a thing that whoever sends the form has seen: what is sent twice, or late, finds another one."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2_000_000_000)


class LineField(forms.CharField):
    """One line of text, such as a name."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        self.longest = max_length
        super().__init__(strip=False, **kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "maxlength": str(self.longest)}

    def to_python(self, value: Any) -> str:
        return self._clean_text(super().to_python(value) or "")

    def _clean_text(self, text: str) -> str:
        return clean_line(text, max_length=self.longest)


class NameField(LineField):
    """The name of a person."""

    def _clean_text(self, text: str) -> str:
        return clean_name(text, max_length=self.longest)


class TextField(LineField):
    """Text of several lines, such as wishes."""

    widget = forms.Textarea

    def _clean_text(self, text: str) -> str:
        return clean_text(text, max_length=self.longest)


class PhoneField(forms.CharField):
    """A telephone number in any spelling; cleaned to E.164, shown the national way."""

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        # dir: a number typed in an Arabic page still runs from left to right.
        return {**super().widget_attrs(widget), "autocomplete": "tel", "inputmode": "tel", "dir": "ltr"}

    def prepare_value(self, value: Any) -> Any:
        return phones.national(value) if isinstance(value, str) and value.startswith("+") else value

    def clean(self, value: Any) -> str:
        text = self.to_python(value)
        self.validate(text)
        self.run_validators(text)
        return phones.normalise(text) if text else ""


class InstantField(forms.CharField):
    """An instant in ISO 8601 with its offset from UTC, as links carry it; cleaned to UTC."""

    default_error_messages = {
        "not_a_time": _("This is not a time we understand. Please choose one of the times shown."),
        "no_zone": _("This time does not say its time zone. Please choose one of the times shown."),
    }

    def clean(self, value: Any) -> datetime | None:
        text = self.to_python(value)
        self.validate(text)
        self.run_validators(text)
        return self._instant(text) if text else None

    def _instant(self, text: str) -> datetime:
        # Whoever writes the address by hand leaves the plus sign as it is, and it arrives as a space.
        text = text[:40].replace(" ", "+") if "T" in text else text[:40]
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise ValidationError(self.error_messages["not_a_time"], code="not_a_time") from error
        if moment.tzinfo is None:
            raise ValidationError(self.error_messages["no_zone"], code="no_zone")
        try:
            return moment.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError(self.error_messages["not_a_time"], code="not_a_time") from error
