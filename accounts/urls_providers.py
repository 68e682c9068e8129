"""Going to Google or Facebook and coming back: without a language, because they know each address by heart."""

from allauth.urls import build_provider_urlpatterns
from django.urls import include, path

from accounts.urls import as_pages
from accounts.views import account_page, in_posted_language

urlpatterns = [
    path(
        "account/",
        include(as_pages(build_provider_urlpatterns(), lambda view: account_page(in_posted_language(view)))),
    ),
]
