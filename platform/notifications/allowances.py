"""How many texts may be sent: few to one number, and to each country what the day's budget pays for.

Strangers can ask for codes in any name, and every text message costs money; some are sent only to earn a share of it.
They must not be able to use up what the number's owner needs either: each asker has their own few, all of them together
a few times as many, and a device that its owner has signed in on before counts apart, with a part of the budget that
others cannot touch.

News (every text without a code) is caused by strangers as well: whoever books names a number that need not be theirs.
It is counted when it leaves, apart from codes: neither uses up the other's allowance.
"""

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, TooManyAttempts
from core.limits import Limit

HOUR, DAY = 3600, 24 * 3600
# The budget of every country that has none of its own.
ELSEWHERE = "*"
# What all strangers together may have sent to one number, in times of what one of them may.
STRANGERS = 3
# What one asker may have sent to one number in a day.
A_DAY = 10
# The part of a day's budget that is kept for known devices: one in so many.
KEPT = 5


class TextLimitReached(TooManyAttempts):
    """Said of known and unknown numbers alike."""

    code = "sms_limit_reached"
    message = _(
        "No more codes can be sent to this number for now. Please wait a while, or log in with your e-mail address."
    )


def take(phone: str, *, asker: str = "", is_known: bool = False, withheld: bool = False) -> None:
    """Count a code for a number.

    :param phone: in international form
    :param asker: who asks for it, as far as the count goes
    :param is_known: they ask from a device that the number's owner has signed in on before
    :param withheld: it will not be sent and costs nothing: only the number's own counts go up
    :raises TextLimitReached: when there have been enough for this number or for its country today
    """
    most, country = settings.SMS_PER_NUMBER_AND_HOUR, country_of(phone)
    try:
        Limit("sms-asker", most, HOUR).take(f"{phone}:{asker}")
        Limit("sms-asker-day", max(most, A_DAY), DAY).take(f"{phone}:{asker}")
        if not is_known:
            Limit("sms-number", most * STRANGERS, HOUR).take(phone)
        budget = _take_from_budget(country, is_known=is_known)
    except TooManyAttempts as reached:
        raise TextLimitReached(retry_after=reached.retry_after or HOUR, limit=reached.limit) from reached
    if withheld:
        budget.give_back(country)


def _take_from_budget(country: str, *, is_known: bool) -> Limit:
    """Count a message in the day's budget of a country, and return the part of it that pays.

    :raises TooManyAttempts: when nothing is left that this asker may use
    """
    whole = settings.SMS_DAILY_BUDGETS.get(country, settings.SMS_DAILY_BUDGETS[ELSEWHERE])
    kept = Limit("sms-budget-kept", whole // KEPT, DAY)
    everybodys = Limit("sms-budget", whole - kept.most, DAY)
    try:
        everybodys.take(country)
    except TooManyAttempts:
        if not is_known:
            raise
        kept.take(country)
        return kept
    return everybodys


def take_for_news(phone: str) -> None:
    """Count a text without a code that is about to leave.

    :param phone: in international form
    :raises TooManyAttempts: when there have been enough for this number, or for its country today; nothing is counted
    :raises core.errors.Unavailable: when nobody can tell how many there were
    """
    taken: list[tuple[Limit, str]] = []
    try:
        for limit, counted in _news_limits(phone):
            limit.take(counted)
            taken.append((limit, counted))
    except DomainError:
        # It costs nothing: a number that has had enough uses up nobody's budget.
        for limit, counted in taken:
            limit.give_back(counted)
        raise


def give_back_news(phone: str) -> None:
    """Take a text that nobody has taken out of the count again."""
    for limit, counted in _news_limits(phone):
        limit.give_back(counted)


def _news_limits(phone: str) -> list[tuple[Limit, str]]:
    country, budgets = country_of(phone), settings.SMS_NEWS_DAILY_BUDGETS
    return [
        (Limit("sms-news-number", settings.SMS_NEWS_PER_NUMBER_AND_HOUR, HOUR), phone),
        (Limit("sms-news-number-day", settings.SMS_NEWS_PER_NUMBER_AND_DAY, DAY), phone),
        (Limit("sms-news-budget", budgets.get(country, budgets[ELSEWHERE]), DAY), country),
    ]


def country_of(phone: str) -> str:
    """Return the calling code of a number in international form: `234`."""
    try:
        return str(phonenumbers.parse(phone, None).country_code)
    except phonenumbers.NumberParseException:
        return ELSEWHERE
