"""Answers of the API that are one person's own."""

from typing import Any

from rest_framework.request import Request
from rest_framework.views import APIView

from core.headers import NEVER_KEPT


class KeptByNobody(APIView):
    """No cache keeps what it answers, refusals neither."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers["Cache-Control"] = NEVER_KEPT
        return answer
