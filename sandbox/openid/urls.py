from django.urls import path

from sandbox.openid import facebook, google, views

app_name = "openid"
urlpatterns = [
    path("google/", views.google_page, name="google"),
    path("google/faults", google.PANEL.by_form(), name="google_faults"),
    path("google/api/faults", google.PANEL.by_json(), name="google_api_faults"),
    path("facebook/", views.facebook_page, name="facebook"),
    path("facebook/faults", facebook.PANEL.by_form(), name="facebook_faults"),
    path("facebook/api/faults", facebook.PANEL.by_json(), name="facebook_api_faults"),
    path("<str:service>/api/tokens", views.api_tokens, name="api_tokens"),
    # From here on what Buka and visitors' browsers call, under the address set in the place of the real one.
    path("google/o/oauth2/v2/auth", google.authorize, name="google_authorize"),
    path("google/token", google.token),
    path("google/oauth2/v3/certs", google.certs),
    path("google/v1/userinfo", google.userinfo),
    path("google/revoke", google.revoke),
    path("google/tokeninfo", google.tokeninfo),
    path("google/.well-known/openid-configuration", google.configuration),
    path("facebook/<str:version>/dialog/oauth", facebook.dialog, name="facebook_dialog"),
    path("facebook/<str:version>/oauth/access_token", facebook.access_token),
    path("facebook/<str:version>/me", facebook.me),
    path("facebook/<str:version>/debug_token", facebook.debug_token),
    path("facebook/.well-known/oauth/openid/jwks/", facebook.jwks),
]
