"""What the API says about itself: its schema, a page to try it, and a page of all refusals."""

from functools import lru_cache
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework import renderers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from core.api.etags import etag_of
from core.api.renderers import JSONRenderer
from core.errors_reference import API_CODES, error_classes

KEPT = "public, max-age=300"


class SchemaJSONRenderer(renderers.BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> Any:
        return JSONRenderer().render(data, accepted_media_type, renderer_context)


class OpenAPIJSONRenderer(SchemaJSONRenderer):
    media_type = "application/vnd.oai.openapi+json"


class SchemaYAMLRenderer(SchemaJSONRenderer):
    media_type = "application/yaml"
    format = "yaml"


class OpenAPIYAMLRenderer(SchemaYAMLRenderer):
    media_type = "application/vnd.oai.openapi"


@lru_cache(maxsize=2)
def _schema(kind: str) -> tuple[bytes, str]:
    """Return the schema and its ETag; it changes only with the code."""
    with translation.override("en"):
        schema = SchemaGenerator().get_schema(request=None, public=True)
        renderer = OpenApiYamlRenderer() if kind == "yaml" else OpenApiJsonRenderer()
        body = renderer.render(schema, renderer_context={})
    return body, etag_of(kind, body.decode())


@extend_schema(exclude=True)
class SchemaView(APIView):
    """OpenAPI 3.1, as JSON, or as YAML by `Accept` or `?format=yaml`."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (SchemaJSONRenderer, SchemaYAMLRenderer, OpenAPIJSONRenderer, OpenAPIYAMLRenderer)

    def get(self, request: Request) -> HttpResponse:
        chosen: Any = request.accepted_renderer
        body, etag = _schema(chosen.format)
        if etag in request.headers.get("If-None-Match", ""):
            return HttpResponse(status=304, headers={"ETag": etag, "Cache-Control": KEPT})
        headers = {
            "ETag": etag,
            "Cache-Control": KEPT,
            "Content-Disposition": f'inline; filename="buka.{chosen.format}"',
        }
        return HttpResponse(body, content_type=f"{chosen.media_type}; charset=utf-8", headers=headers)


@extend_schema(exclude=True)
class DocsView(SpectacularSwaggerSplitView):
    """The schema to read and to try, with files of our own server only."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    url_name = "core_api:schema"
    title = "Buka API"


@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    """Every code a problem may carry; a problem's `type` leads here."""
    refusals = [
        {"code": error.code, "status": error.status, "phrase": HTTPStatus(error.status).phrase, "text": error.message}
        for error in error_classes()
    ]
    refusals += [
        {"code": code, "status": status, "phrase": HTTPStatus(status).phrase, "text": text}
        for code, (status, text) in API_CODES.items()
    ]
    refusals.sort(key=lambda refusal: str(refusal["code"]))
    context = {"refusals": refusals, "docs_url": reverse("core_api:docs")}
    # Not for shared caches: the frame of a page shows whether somebody is signed in.
    return render(request, "api/errors.html", context)
