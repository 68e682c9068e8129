"""Reads that many people ask for: a plain function answers, the API's machinery only describes it.

DRF's request, negotiation and response cost several times what a kept body costs. A contract test holds what these
answer to what the schema says of them.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from rest_framework.request import Request
from rest_framework.views import APIView

from core.limits import Limit, address_of, note


class HotView(APIView):
    """A view whose get() takes Django's own request and returns Django's own response.

    All other methods go the usual way: 405 as a problem, OPTIONS as DRF answers it. Refusals that get() raises are
    answered by `core.middleware.DomainErrorMiddleware`.
    """

    authentication_classes: Sequence[Any] = ()
    throttle_classes = ()
    # How often one address may ask for this; a kept body that costs next to nothing needs none.
    limits: Sequence[Limit] = ()

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., Any]:  # type: ignore[override]
        described = super().as_view(**initkwargs)

        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            # Where somebody may show who they are, whoever does so goes the usual way.
            shows = cls.authentication_classes and "HTTP_AUTHORIZATION" in request.META
            if request.method not in ("GET", "HEAD") or shows:
                return described(request, *args, **kwargs)
            cls.count(request)
            return cls(**initkwargs).get(request, *args, **kwargs)  # type: ignore[attr-defined]

        view.__dict__.update(described.__dict__)
        return view

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # Programs are counted against their plan; a header that says nothing is no way around the limit.
        if request.method in ("GET", "HEAD") and not getattr(request.user, "is_partner", False):
            self.count(request)

    @classmethod
    def count(cls, request: Any) -> None:
        for limit in cls.limits:
            note(request, limit.take(address_of(request)))
