"""Reads that many people ask for: a plain function answers, the API's machinery only describes it.

DRF's request, negotiation and response cost several times what a kept body costs. A contract test holds what these
answer to what the schema says of them.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from rest_framework.views import APIView


class HotView(APIView):
    """A view whose get() takes Django's own request and returns Django's own response.

    All other methods go the usual way: 405 as a problem, OPTIONS as DRF answers it. Refusals that get() raises are
    answered by `core.middleware.DomainErrorMiddleware`.
    """

    authentication_classes = ()

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., Any]:  # type: ignore[override]
        described = super().as_view(**initkwargs)

        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in ("GET", "HEAD"):
                return described(request, *args, **kwargs)
            return cls(**initkwargs).get(request, *args, **kwargs)  # type: ignore[attr-defined]

        view.__dict__.update(described.__dict__)
        return view
