"""Help for tests of the back office: forms filled in as the page shows them."""

from datetime import date, datetime, time
from typing import Any

from django.db.models import Model
from django.forms import BaseForm
from django.http import HttpResponse


def filled_in(page: HttpResponse, **changes: Any) -> dict[str, Any]:
    """Return what a browser would send for a change page as it stands, with some fields changed."""
    context = page.context
    data = _answers(context["adminform"].form)
    for inline in context["inline_admin_formsets"]:
        formset = inline.formset
        data |= _answers(formset.management_form)
        for form in formset.forms:
            data |= _answers(form)
    return {**data, **changes}


def _answers(form: BaseForm) -> dict[str, Any]:
    data = {}
    for bound in form:
        value = _plain(bound.value())
        if value is not None:
            data[bound.html_name] = value
    return data


def _plain(value: Any) -> Any:
    if value is None or value is False or value == "":
        return "" if value == "" else None
    if value is True:
        return "on"
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value


def wrong(page: HttpResponse) -> dict[str, list[str]]:
    """Return what a refused form complains about, inlines included."""
    found = {name: list(sentences) for name, sentences in page.context["adminform"].form.errors.items()}
    for inline in page.context["inline_admin_formsets"]:
        for number, errors in enumerate(inline.formset.errors):
            for name, sentences in errors.items():
                found[f"{inline.formset.prefix}-{number}-{name}"] = list(sentences)
        if inline.formset.non_form_errors():
            found[inline.formset.prefix] = list(inline.formset.non_form_errors())
    return found
