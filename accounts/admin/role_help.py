"""What each role may do, beside the field where one is chosen."""

from django.utils.functional import lazy
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.states import Role, what_it_may


def _lines() -> SafeString:
    lines = [(role.label, " · ".join(str(label) for label in what_it_may(role))) for role in Role]
    return format_html(
        "{}<br>{}", _("What they may do:"), format_html_join(SafeString("<br>"), "<strong>{}</strong> – {}", lines)
    )


# In the language of who reads it.
roles_help = lazy(_lines, SafeString)
