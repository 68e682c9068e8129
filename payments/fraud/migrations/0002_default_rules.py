"""The rules that Buka begins with. They are rows like any other: the back office changes them."""

from typing import Any

from django.db import migrations

HOUR, DAY = 60, 24 * 60
# (what it looks at, minutes it looks back, from, only from this amount in naira, answer, why)
RULES = [
    ("card", DAY, 6, 0, "hold", "A person pays a few times a day with one card; a stolen one is emptied."),
    ("card_people", 7 * DAY, 4, 0, "hold", "A family shares a card; four people within a week do not."),
    ("many_cards", 7 * DAY, 4, 0, "hold", "Cards are tried out one after the other."),
    ("device", HOUR, 8, 0, "step_up", "Somebody tries again and again: they log in first."),
    ("device", HOUR, 16, 0, "refuse", "A program tries again and again."),
    ("phone", HOUR, 10, 0, "step_up", "Bookings under one number, again and again."),
    ("account", HOUR, 12, 0, "hold", "An account that somebody else may have taken over."),
    ("address", 10, 120, 0, "step_up", "Wide: a mobile network has thousands of people behind one address."),
    ("failures", HOUR, 4, 0, "step_up", "Declined again and again: cards are tried out, or a bank has trouble."),
    ("failures", HOUR, 8, 0, "refuse", "Declined again and again, even so."),
    ("amount", HOUR, 1_000_000, 0, "hold", "So much is seldom: a person looks at it."),
    ("amount_payer", 365 * DAY, 1_000, 200_000, "hold", "Ten times what they pay otherwise."),
    ("amount_house", 90 * DAY, 1_000, 200_000, "hold", "Ten times what is paid there otherwise."),
    ("country", HOUR, 1, 0, "allow", "Visitors and the diaspora pay so: it is noted."),
    ("country", HOUR, 1, 300_000, "hold", "A large amount by a card of another country."),
    ("new_account", DAY, 12, 100_000, "hold", "An account of today that books for a large party."),
    ("refunds", 90 * DAY, 75, 0, "hold", "Almost everything that they paid went back."),
    ("no_shows", DAY, 60, 0, "allow", "Deposits are there for that: it is noted."),
]


def make(apps: Any, schema_editor: Any) -> None:
    rule = apps.get_model("fraud", "Rule")
    if rule.objects.exists():
        return
    for kind, window, threshold, least, answer, why in RULES:
        rule.objects.create(
            kind=kind, window_minutes=window, threshold=threshold, least_naira=least, answer=answer, note=why
        )


class Migration(migrations.Migration):
    dependencies = [("fraud", "0001_fraud")]

    # Going back, the table goes with them: decisions may name them until then.
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
