from datetime import date, timedelta

import pytest
from django.utils import translation

from localization.feasts import Kind, feasts_between

# The dates people plan by, from the Umm al-Qura calendar; each may move by a day.
EXPECTED = [
    ("ramadan", date(2026, 2, 18)),
    ("ramadan", date(2027, 2, 8)),
    ("ramadan", date(2028, 1, 28)),
    ("eid-el-fitr", date(2027, 3, 9)),
    ("eid-el-fitr", date(2028, 2, 26)),
    ("eid-el-kabir", date(2026, 5, 27)),
    ("eid-el-kabir", date(2027, 5, 16)),
    ("eid-el-kabir", date(2028, 5, 5)),
    ("ojude-oba", date(2026, 5, 29)),
    ("ojude-oba", date(2027, 5, 18)),
    ("ojude-oba", date(2028, 5, 7)),
    ("eid-el-maulud", date(2026, 8, 25)),
    ("eid-el-maulud", date(2027, 8, 14)),
    ("eid-el-maulud", date(2028, 8, 3)),
]
CERTAIN = [
    # Declared for 19 and 20 March.
    ("eid-el-fitr", date(2026, 3, 19)),
    ("eid-el-fitr-second-day", date(2026, 3, 20)),
    ("good-friday", date(2026, 4, 3)),
    ("easter-monday", date(2026, 4, 6)),
    ("good-friday", date(2027, 3, 26)),
    ("easter-monday", date(2027, 3, 29)),
    ("good-friday", date(2028, 4, 14)),
    ("easter-monday", date(2028, 4, 17)),
    *(
        (slug, date(year, month, day))
        for year in (2026, 2027, 2028)
        for slug, month, day in [
            ("new-years-day", 1, 1),
            ("valentines-day", 2, 14),
            ("workers-day", 5, 1),
            ("childrens-day", 5, 27),
            ("democracy-day", 6, 12),
            ("independence-day", 10, 1),
            ("christmas-day", 12, 25),
            ("boxing-day", 12, 26),
        ]
    ),
    ("inauguration-day", date(2027, 5, 29)),
    ("mothering-sunday", date(2027, 3, 7)),
]


def on(day: date):
    return {feast.slug: feast for feast in feasts_between(day, day)}


class TestFeastsBetween:
    @pytest.mark.parametrize(("slug", "day"), EXPECTED)
    def test_knows_the_days_that_await_the_moon(self, slug, day):
        feast = on(day)[slug]

        assert feast.date == day
        assert feast.is_expected

    @pytest.mark.parametrize(("slug", "day"), CERTAIN)
    def test_knows_the_days_that_are_certain(self, slug, day):
        feast = on(day)[slug]

        assert feast.date == day
        assert not feast.is_expected

    def test_inauguration_day_comes_every_four_years(self):
        assert "inauguration-day" not in on(date(2026, 5, 29))
        assert "inauguration-day" in on(date(2031, 5, 29))

    def test_a_holiday_on_a_weekend_gives_a_weekday(self):
        # 12 June 2027 is a Saturday.
        monday = on(date(2027, 6, 14))["democracy-day-in-lieu"]

        assert monday.kind is Kind.IN_LIEU
        assert str(monday.name) == "Democracy Day (day off in lieu)"

    def test_a_season_is_found_from_any_of_its_days_across_the_year(self):
        for day in (date(2026, 12, 10), date(2026, 12, 31), date(2027, 1, 5)):
            assert on(day)["detty-december"].date == date(2026, 12, 10)
        assert "detty-december" not in on(date(2027, 1, 6))
        assert on(date(2027, 2, 20))["ramadan"].kind is Kind.FEAST

    def test_ramadan_ends_where_eid_begins(self):
        for year in (2027, 2028):
            found = {feast.slug: feast for feast in feasts_between(date(year, 1, 1), date(year, 12, 31))}
            assert abs(found["eid-el-fitr"].date - found["ramadan"].last_date) <= timedelta(days=1)

    def test_says_where_a_cultural_day_matters(self):
        assert on(date(2026, 12, 26))["calabar-carnival"].states == ("Cross River",)
        assert "Kano" in on(date(2027, 3, 9))["durbar"].states
        assert on(date(2026, 2, 14))["valentines-day"].states == ()

    def test_is_in_order_within_the_days_asked_for(self):
        first, last = date(2026, 3, 1), date(2028, 2, 1)

        found = feasts_between(first, last)

        assert [feast.date for feast in found] == sorted(feast.date for feast in found)
        assert all(feast.date <= last and feast.last_date >= first for feast in found)
        assert len({(feast.slug, feast.date) for feast in found}) == len(found)

    def test_days_turned_round_have_nothing_between(self):
        assert feasts_between(date(2026, 6, 12), date(2026, 6, 1)) == []

    def test_names_are_in_the_readers_language(self):
        with translation.override("en"):
            names = {str(feast.name) for feast in feasts_between(date(2026, 1, 1), date(2028, 12, 31))}

        assert {"Independence Day", "Eid-el-Kabir (Big Sallah, Ileya)", "Ojude Oba", "Detty December"} <= names
        assert not any("estimated" in name or "observed" in name for name in names)
