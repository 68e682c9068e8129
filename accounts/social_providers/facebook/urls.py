from allauth.socialaccount.providers.oauth2.urls import default_urlpatterns

from accounts.social_providers.facebook.provider import Facebook

urlpatterns = default_urlpatterns(Facebook)
