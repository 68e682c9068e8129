"""The OpenAPI schema and its pages, below /api/."""

from django.urls import path

from core.api.pages import DocsView, SchemaView, errors

app_name = "core_api"
urlpatterns = [
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocsView.as_view(), name="docs"),
    path("docs/errors", errors, name="errors"),
]
