"""What is said where second factors are set up and taken away."""

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput


class AppThere(InvalidInput):
    code = "account_second_factor_there"
    message = _("You have an authenticator app already. Remove it first to set up another.")
    status = 409
