"""What the services of partner apps refuse."""

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotAllowed, NotFound


class AppNotFound(NotFound):
    code = "partner_app_not_found"
    message = _("There is no such partner app, or it is not yours.")


class AppNotActive(DomainError):
    code = "partner_app_not_active"
    message = _("This partner app is suspended or revoked.")


class AppOfAnotherHouse(DomainError):
    code = "partner_app_of_another_house"
    message = _("This app was made for one restaurant only, and not for this one.")


class SecretJustMade(DomainError):
    """A button pressed twice, or two people at once: a third secret would end the one in use."""

    code = "partner_secret_just_made"
    message = _("A new secret was made less than a minute ago. Making another now would end the one in use.")


class GrantNotFound(NotFound):
    code = "partner_grant_not_found"
    message = _("There is no such access, or it is not your restaurant's.")


class ScopesNotAllowed(DomainError):
    """`allowed` lists what could be granted."""

    code = "partner_scopes_not_allowed"
    message = _("The app is not registered for all of this: %(excess)s.")
    status = 422


class ScopeMissing(NotAllowed):
    """The token does not carry the scope this needs; `scope` names it."""

    code = "partner_scope_missing"
    message = _("This needs a token with the scope %(scope)s.")

    @property
    def headers(self) -> dict[str, str]:
        challenge = f'Bearer realm="buka", error="insufficient_scope", scope="{self.details["scope"]}"'
        return {**super().headers, "WWW-Authenticate": challenge}


class NotForPartners(NotAllowed):
    code = "partner_not_here"
    message = _("Partner apps cannot do this; a person has to.")


class EndpointNotFound(NotFound):
    code = "webhook_not_found"
    message = _("There is no such webhook, or it is not yours.")


class DeliveryNotFound(NotFound):
    code = "webhook_delivery_not_found"
    message = _("There is no such delivery, or it is not yours.")


class EndpointExists(DomainError):
    code = "webhook_exists"
    message = _("The app has a webhook at this address already.")


class TooManyEndpoints(DomainError):
    code = "webhook_too_many"
    message = _("An app has at most %(most)d webhooks. Remove one first.")


class EndpointNotActive(DomainError):
    """`state` says what it is instead."""

    code = "webhook_not_active"
    message = _("Only an active webhook can be sent anything. Verify it or switch it on first.")


class DeliveryUnderWay(DomainError):
    code = "webhook_delivery_under_way"
    message = _("This delivery is on its way already.")
