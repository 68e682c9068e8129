"""Partner apps for machines: /api/oauth/* and /api/partners/*."""

from django.urls import path

from accounts.partners.api import apps, oauth, webhooks

app_name = "partners_api"
_webhook = "api/partners/webhooks/<uuid:id>"
_app = "api/partners/apps/<uuid:id>"
urlpatterns = [
    path("api/oauth/token", oauth.TokenView.as_view(), name="token"),
    path("api/oauth/revoke", oauth.RevocationView.as_view(), name="revoke"),
    path(".well-known/oauth-authorization-server", oauth.MetadataView.as_view(), name="metadata"),
    path("api/partners/apps", apps.AppsView.as_view(), name="apps"),
    path(_app, apps.AppView.as_view(), name="app"),
    path(f"{_app}/rotate-secret", apps.RotateSecretView.as_view(), name="rotate_secret"),
    path(f"{_app}/grants", apps.GrantsView.as_view(), name="grants"),
    path(f"{_app}/grants/<uuid:grant_id>", apps.GrantView.as_view(), name="grant"),
    path("api/partners/webhooks", webhooks.WebhooksView.as_view(), name="webhooks"),
    path(_webhook, webhooks.WebhookView.as_view(), name="webhook"),
    path(f"{_webhook}/verify", webhooks.VerifyView.as_view(), name="verify_webhook"),
    path(f"{_webhook}/test", webhooks.TestView.as_view(), name="test_webhook"),
    path(f"{_webhook}/rotate-secret", webhooks.RotateView.as_view(), name="rotate_webhook_secret"),
    path(f"{_webhook}/deliveries", webhooks.DeliveriesView.as_view(), name="deliveries"),
    path(f"{_webhook}/deliveries/<uuid:delivery_id>/resend", webhooks.ResendView.as_view(), name="resend"),
]
