from allauth.socialaccount.providers.oauth2.urls import default_urlpatterns

from accounts.social_providers.google.provider import Google

urlpatterns = default_urlpatterns(Google)
