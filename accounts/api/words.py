"""In what words /api/auth/ is described: what its doors share."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema

from accounts import known_devices
from accounts.api import examples, serializers
from core.api.schema import problem_response

TAGS = ["Accounts"]
STEP = problem_response(
    "Not signed in (yet). `next` names the step that is to follow; programs send `session_token` on as "
    "`X-Session-Token`.",
    account_second_factor_step={"next": "mfa_authenticate", "types": ["totp", "recovery_codes"]},
    account_email_code_step={"next": "verify_email"},
    account_sign_up_step=examples.SIGN_UP_STEP,
    not_authenticated={},
)
OVER = problem_response("Out of order, or signed in already.", account_step_over={}, account_logged_in_already={})
FRESH = problem_response(
    "A browser's request without its CSRF token, or a fresh proof of who asks is missing: see "
    "`POST /api/auth/reauthenticate`.",
    account_reauthentication_needed={"ways": ["reauthenticate"]},
    csrf_failed={},
)
AWAY = problem_response("Sessions cannot be reached; nobody was let in.", unavailable={"retry_after": 10})
PAUSED = problem_response(
    "Asked too often, or too early after a wrong code; `Retry-After` says when to come back.",
    account_second_factor_paused={"retry_after": 8},
    too_many_attempts={"retry_after": 60},
)
NO = {401: STEP, 409: OVER, 403: FRESH, 503: AWAY}
CLIENT = OpenApiParameter(
    "X-Client",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="`app`: tokens in the body, no cookies. Left out: cookies, no tokens in the body.",
)
ON = OpenApiParameter(
    "X-Session-Token",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Programs, between the steps: what the step before answered.",
)
DEVICE = OpenApiParameter(
    known_devices.HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Programs: the `device_token` of the last log-in on this device, whoever's it was; browsers have a "
    "cookie for it. A device that knows the account is counted apart, so wrong passwords and codes of strangers do "
    "not shut it out, and its log-in is no news to the owner. It opens nothing, holds for 400 days and ends for an "
    "account with its password.",
)


def asks(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value, request_only=True)


def says(name: str, value: Any, status: int = 200) -> OpenApiExample:
    return OpenApiExample(name, value, response_only=True, status_codes=[str(status)])


SIGNED_IN = [says("In a browser", {"user": examples.ME}), says("In a program", examples.SIGNED_IN)]


def described(
    operation: str, summary: str, *, request: Any = None, answer: Any = serializers.SignedIn, **kwargs: Any
) -> Any:
    """Describe a door: what all of them answer when it goes wrong is said once."""
    responses = {**NO, **kwargs.pop("responses", {200: answer})}
    return extend_schema(
        operation_id=operation,
        summary=summary,
        tags=TAGS,
        request=request,
        responses=responses,
        parameters=[CLIENT, ON, DEVICE, *kwargs.pop("parameters", [])],
        **kwargs,
    )
