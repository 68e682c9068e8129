"""When security events are too many: each rule counts within a window, for one person, address or restaurant."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACTOR, TARGET, ADDRESS, RESTAURANT, ANYONE = "actor_id", "target_id", "address_index", "restaurant_id", ""


@dataclass(frozen=True)
class Rule:
    """At least `least` of `actions` within `window` by or for the same `of` raise an alert."""

    name: str
    label: str | Promise
    actions: tuple[str, ...]
    least: int
    window: timedelta
    of: str = ANYONE


_TEN_MINUTES = timedelta(minutes=10)
_GUESSES = (
    "account.log_in_failed",
    "account.again_failed",
    "account.log_in_locked",
    "account.code_refused",
    "account.factor_refused",
)
_REFUSALS = ("access.refused", "access.out_of_scope")

RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(
            "failed_log_ins_for_one_account",
            _("Many failed log-ins for one account"),
            _GUESSES,
            20,
            _TEN_MINUTES,
            TARGET,
        ),
        Rule(
            "failed_log_ins_from_one_address",
            _("Many failed log-ins from one address"),
            _GUESSES,
            100,
            _TEN_MINUTES,
            ADDRESS,
        ),
        Rule(
            "token_seen_twice",
            _("A refresh token was used twice"),
            ("account.token_reused",),
            1,
            timedelta(days=1),
            ACTOR,
        ),
        Rule("refused_to_one_person", _("One person is refused again and again"), _REFUSALS, 10, _TEN_MINUTES, ACTOR),
        Rule(
            "strangers_at_one_restaurant",
            _("Many try to get at one restaurant's data"),
            _REFUSALS,
            30,
            _TEN_MINUTES,
            RESTAURANT,
        ),
        Rule(
            "forms_from_elsewhere",
            _("Many forms that came from elsewhere"),
            ("access.csrf_failed",),
            50,
            _TEN_MINUTES,
            ADDRESS,
        ),
        Rule(
            "limits_hit_from_one_address",
            _("One address runs into limits again and again"),
            ("access.limited",),
            200,
            _TEN_MINUTES,
            ADDRESS,
        ),
        Rule("chain_broken", _("The audit trail was tampered with"), ("audit.broken",), 1, timedelta(days=2)),
    )
}
