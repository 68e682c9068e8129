from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import TextField


class AppealForm(forms.Form):
    """What a payer wants whoever looks to know."""

    words = TextField(
        label=_("What should we know?"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Only if you like. Please write no card number."),
    )
