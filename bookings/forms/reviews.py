"""What somebody says of a visit."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import TextField
from restaurants.reviews.models import Review
from restaurants.reviews.states import ASPECTS, LONGEST_TEXT, Aspect, ReportReason

SCORES = [
    ("5", _("5 – very good")),
    ("4", _("4 – good")),
    ("3", _("3 – fair")),
    ("2", _("2 – poor")),
    ("1", _("1 – bad")),
]


class ReportForm(forms.Form):
    """Why a review should not stand."""

    reason = forms.ChoiceField(
        label=_("What is wrong with it?"),
        choices=ReportReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose what is wrong.")},
    )


class ReviewForm(forms.Form):
    """A score for each aspect, and words for those who want to say more."""

    text = TextField(
        label=_("In your words"),
        max_length=LONGEST_TEXT,
        required=False,
        help_text=_("Everybody can read this, with your first name and the month of your visit."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for aspect in Aspect:
            self.fields[aspect.value] = forms.TypedChoiceField(
                label=aspect.label,
                choices=SCORES,
                coerce=int,
                widget=forms.RadioSelect,
                error_messages={"required": _("Please choose one to five.")},
            )
        self.order_fields([*ASPECTS, "text"])

    @classmethod
    def of(cls, review: Review) -> "ReviewForm":
        return cls(initial={**{aspect: getattr(review, aspect) for aspect in ASPECTS}, "text": review.text})

    def scores(self) -> dict[str, int]:
        return {aspect: self.cleaned_data[aspect] for aspect in ASPECTS}
