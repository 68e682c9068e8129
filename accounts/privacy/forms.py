"""What people fill in about their data."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.privacy import texts
from accounts.privacy.states import OPTIONAL, RequestKind
from core import codes
from core.forms import LineField, NameField, TextField


class ConsentsForm(forms.Form):
    """A switch for each thing one may agree to; off until somebody says yes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for purpose in OPTIONAL:
            self.fields[purpose.value] = forms.BooleanField(
                label=purpose.label,
                help_text=texts.current(purpose).text,  # type: ignore[arg-type]  # knows lazy text by another name
                required=False,
            )


class ErasureForm(forms.Form):
    """Nobody is erased by a slip of the thumb."""

    understands = forms.BooleanField(
        label=_("I understand what is erased and what is kept, and want my account erased."),
        error_messages={"required": _("Please confirm that you want this.")},
    )


class RequestForm(forms.Form):
    """A question, a wish or a grievance about somebody's data, from anybody."""

    kind = forms.ChoiceField(
        label=_("What is it about?"),
        choices=[("", _("Choose one")), *RequestKind.choices],
        error_messages={"required": _("Please choose what it is about.")},
    )
    name = NameField(
        label=_("Your name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Please tell us your name.")},
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("We answer to this address, within thirty days."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "dir": "ltr"}),
    )
    message = TextField(
        label=_("What happened, and what do you want?"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("Please tell us what it is about.")},
    )
    code = forms.CharField(
        label=_("Booking code"),
        required=False,
        max_length=20,
        help_text=_("If you have no account: the code of a booking, so that we know which data is yours."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "ltr", "autocapitalize": "characters"}),
    )
    contact = LineField(
        label=_("Phone or e-mail of that booking"),
        required=False,
        max_length=254,
        widget=forms.TextInput(attrs={"dir": "ltr"}),
    )
    # People never see it; programs that fill in everything do.
    website = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_code(self) -> str:
        return codes.normalise(self.cleaned_data["code"])

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or {}
        if bool(answers.get("code")) != bool(answers.get("contact")):
            self.add_error("contact", _("Give both the code and the phone or e-mail of the booking, or neither."))
        return answers
