import hashlib
from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.renderers import to_bytes
from localization import catalogues
from localization.languages import Language, every_language


class PluralSerializer(serializers.Serializer[Any]):
    forms = serializers.IntegerField(help_text="How many forms a counted text has.")
    rule = serializers.CharField(help_text="Which form a number n takes, as a gettext expression.")


class LocaleSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="The first part of a page's address.")
    tag = serializers.CharField(help_text="The BCP 47 tag.")
    name = serializers.CharField(help_text="In English.")
    name_local = serializers.CharField(help_text="In the language itself.")
    direction = serializers.ChoiceField(["ltr", "rtl"])
    plural = PluralSerializer()
    currency = serializers.CharField(help_text="The currency amounts are shown in (ISO 4217).")
    completeness = serializers.FloatField(help_text="The share of the interface's texts that is translated, 0 to 1.")
    review = serializers.ChoiceField(["unreviewed", "reviewed"], help_text="Signed off by a native reader or not.")


class LocalesSerializer(serializers.Serializer[Any]):
    locales = LocaleSerializer(many=True)


def _describe(language: Language) -> dict[str, Any]:
    forms, rule = language.plural_rule
    progress = catalogues.progress(language)
    return {
        "code": language.code,
        "tag": language.tag,
        "name": language.name,
        "name_local": language.name_local,
        "direction": language.direction,
        "plural": {"forms": forms, "rule": rule},
        "currency": "NGN",
        "completeness": progress.completeness,
        "review": progress.review,
    }


def _locales() -> dict[str, Any]:
    return {"locales": [_describe(language) for language in every_language()]}


def _etag(request: Any, *args: Any, **kwargs: Any) -> str:
    return f'"{hashlib.sha256(to_bytes(_locales())).hexdigest()[:32]}"'


@method_decorator(cache_control(public=True, max_age=3600), name="dispatch")
@method_decorator(condition(etag_func=_etag), name="dispatch")
class LocalesView(APIView):
    """The languages Buka speaks, and how far each is translated."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="locales_list",
        tags=["Languages"],
        auth=[],
        responses={200: LocalesSerializer},
        examples=[
            OpenApiExample(
                "Two of the ten",
                response_only=True,
                value={
                    "locales": [
                        {
                            "code": "en",
                            "tag": "en",
                            "name": "English",
                            "name_local": "English",
                            "direction": "ltr",
                            "plural": {"forms": 2, "rule": "(n != 1)"},
                            "currency": "NGN",
                            "completeness": 1.0,
                            "review": "reviewed",
                        },
                        {
                            "code": "ja",
                            "tag": "ja",
                            "name": "Japanese",
                            "name_local": "日本語",
                            "direction": "ltr",
                            "plural": {"forms": 1, "rule": "0"},
                            "currency": "NGN",
                            "completeness": 0.0,
                            "review": "unreviewed",
                        },
                    ]
                },
            )
        ],
    )
    def get(self, request: Request) -> Response:
        return Response(_locales())
