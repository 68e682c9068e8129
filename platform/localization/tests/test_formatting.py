import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel import localedata
from django.template import Context, Template
from django.utils import formats, translation

from localization import formatting

CODES = ["en", "ha", "yo", "ig", "fr", "ar", "es", "de", "zh-hans", "ja"]
EVENING = datetime(2026, 12, 4, 18, 5, tzinfo=UTC)
NBSP, NARROW, RLM = "\u00a0", "\u202f", "\u200f"


def by_language(**texts: str) -> list[tuple[str, str]]:
    return [(code.replace("_", "-"), text) for code, text in texts.items()]


class TestMoney:
    @pytest.mark.parametrize(
        ("code", "text"),
        by_language(
            en="₦12,500",
            ha=f"₦{NBSP}12,500",
            yo="₦12,500",
            ig="₦12,500",
            fr=f"12{NARROW}500{NBSP}₦",
            ar=f"{RLM}12,500{NBSP}₦",
            es=f"12.500{NBSP}₦",
            de=f"12.500{NBSP}₦",
            zh_hans="₦12,500",
            ja="₦12,500",
        ),
    )
    def test_has_the_naira_sign_and_no_kobo_when_whole(self, code, text):
        assert formatting.money(1_250_000, code) == text

    @pytest.mark.parametrize(
        ("kobo", "text"),
        [
            (0, "₦0"),
            (1, "₦0.01"),
            (50, "₦0.50"),
            (1_250_050, "₦12,500.50"),
            (-1_250_000, "-₦12,500"),
            (123_456_789_012_345_678_900, "₦1,234,567,890,123,456,789"),
        ],
    )
    def test_is_exact(self, kobo, text):
        assert formatting.money(kobo, "en") == text

    @pytest.mark.parametrize("code", CODES)
    def test_shows_two_digits_of_kobo_in_every_language(self, code):
        text = formatting.money(1_250_050, code)

        assert text.count("₦") == 1
        assert "NGN" not in text
        assert "".join(character for character in text if character in "0123456789") == "1250050"

    def test_writes_a_range(self):
        assert formatting.money_range(800_000, 1_500_000, "en") == "₦8,000–₦15,000"
        assert formatting.money_range(800_000, 800_000, "en") == "₦8,000"

    def test_follows_the_active_language(self):
        with translation.override("de"):
            assert formatting.money(1_250_000) == f"12.500{NBSP}₦"


class TestDaysAndTimes:
    @pytest.mark.parametrize(
        ("code", "text"),
        by_language(
            en="Friday, 4 December 2026, 7:05 pm",
            ha="Jummaʼa 4 Disamba, 2026, 19:05",
            yo="Ọjọ́ Ẹtì, 4 Oṣù Ọ̀pẹ̀ 2026 19:05",
            ig="Fraịdee, 4 Disemba 2026, 19:05",
            fr="vendredi 4 décembre 2026, 19:05",
            ar="الجمعة، 4 ديسمبر 2026، 7:05 م",
            es="viernes, 4 de diciembre de 2026, 19:05",
            de="Freitag, 4. Dezember 2026, 19:05",
            zh_hans="2026年12月4日星期五 19:05",
            ja="2026年12月4日金曜日 19:05",
        ),
    )
    def test_a_moment_from_the_database_is_shown_on_the_clock_at_home(self, code, text):
        assert formatting.day_and_time(EVENING, code) == text

    @pytest.mark.parametrize(
        ("code", "text"),
        by_language(
            en="Fri, 4 Dec",
            ha="Jum 4 Dis",
            yo="Ẹtì, 4 Oṣù Ọ̀pẹ̀",
            ig="Fraị, 4 Dis",
            fr="ven. 4 déc.",
            ar="الجمعة، 4 ديسمبر",
            es="vie, 4 dic",
            de="Fr., 4. Dez.",
            zh_hans="12月4日周五",
            ja="12月4日(金)",
        ),
    )
    def test_a_short_day(self, code, text):
        assert formatting.short_day(date(2026, 12, 4), code) == text

    def test_the_zone_given_decides_the_clock_and_the_day(self):
        late = datetime(2026, 12, 4, 23, 30, tzinfo=UTC)

        assert formatting.time_of_day(late, "en", "Europe/London") == "11:30 pm"
        assert formatting.time_of_day(late, "en", ZoneInfo("Africa/Lagos")) == "12:30 am"
        assert formatting.short_day(late, "en") == "Sat, 5 Dec"
        assert formatting.short_day(late, "en", "Europe/London") == "Fri, 4 Dec"

    def test_a_moment_with_a_zone_of_its_own_keeps_it(self):
        assert formatting.time_of_day(EVENING.astimezone(ZoneInfo("Asia/Tokyo")), "en") == "3:05 am"

    @pytest.mark.parametrize(
        ("clock", "text"), [(time(0, 0), "12:00 am"), (time(12, 0), "12:00 pm"), (time(9, 5), "9:05 am")]
    )
    def test_nigerian_english_reads_the_twelve_hour_clock(self, clock, text):
        assert formatting.time_of_day(clock, "en") == text

    @pytest.mark.parametrize("code", CODES)
    @pytest.mark.parametrize("clock", [time(0, 5), time(9, 30), time(12, 0), time(14, 0), time(23, 55)])
    def test_a_script_writes_times_as_pages_do(self, code, clock):
        """As `clock` of static/buka/desk.js does: in a browser, tests/browser/test_floor.py."""
        words = formatting.clock_words(code)
        half = clock.hour % 12 or 12
        said = {
            "HH": f"{clock.hour:02}", "H": str(clock.hour), "hh": f"{half:02}", "h": str(half),
            "mm": f"{clock.minute:02}", "a": words["am"] if clock.hour < 12 else words["pm"],
        }  # fmt: skip

        written = re.sub("HH?|hh?|mm|a", lambda letters: said[letters.group()], words["pattern"])

        assert written == formatting.time_of_day(clock, code)

    def test_yoruba_minutes_have_two_digits(self):
        assert formatting.time_of_day(time(9, 5), "yo") == "09:05"

    @pytest.mark.parametrize(
        ("code", "text"),
        by_language(
            en="Monday", ha="Litinin", yo="Ajé", ig="Mọnde", fr="lundi", ar="الاثنين", zh_hans="星期一", ja="月曜日"
        ),
    )
    def test_the_days_of_the_week(self, code, text):
        assert formatting.weekday(0, code) == text

    @pytest.mark.parametrize("first", ["ig", "yo", "ar"])
    def test_no_language_speaks_for_another(self, first):
        localedata._cache.clear()
        formatting._locale.cache_clear()

        formatting.weekday(0, first)

        assert [formatting.weekday(0, code) for code in ("en", "ha", "fr", "ja")] == [
            "Monday",
            "Litinin",
            "lundi",
            "月曜日",
        ]

    @pytest.mark.parametrize("code", CODES)
    def test_digits_are_latin_everywhere(self, code):
        texts = [
            formatting.day_and_time(EVENING, code),
            formatting.month(EVENING, code),
            formatting.number(1234.5, code),
        ]

        assert all(character.isascii() for text in texts for character in text if character.isdigit())

    @pytest.mark.parametrize(
        ("minutes", "text"),
        [
            (0, "0 minutes"),
            (1, "1 minute"),
            (45, "45 minutes"),
            (60, "1 hour"),
            (90, "1 hour 30 minutes"),
            (121, "2 hours 1 minute"),
        ],
    )
    def test_a_length_of_time(self, minutes, text):
        assert formatting.duration(timedelta(minutes=minutes), "en") == text

    @pytest.mark.parametrize(
        ("code", "ahead", "past"),
        [("en", "in 3 hours", "11 minutes ago"), ("fr", "dans 3 heures", "il y a 11 minutes")],
    )
    def test_a_moment_seen_from_now(self, code, ahead, past):
        assert formatting.relative_time(EVENING + timedelta(hours=3), EVENING, code) == ahead
        assert formatting.relative_time(EVENING - timedelta(minutes=11), EVENING, code) == past

    @pytest.mark.parametrize("code", ["yo", "ig"])
    @pytest.mark.parametrize(
        "distance", [timedelta(seconds=5), timedelta(hours=3), -timedelta(days=2), timedelta(minutes=59)]
    )
    def test_a_moment_seen_from_now_is_words_where_the_data_has_only_signs(self, code, distance):
        text = formatting.relative_time(EVENING + distance, EVENING, code)

        assert not text.startswith(("+", "-"))
        assert "%" not in text

    @pytest.mark.parametrize("code", CODES)
    def test_forms_take_what_a_browser_sends(self, code):
        with translation.override(code):
            assert "%Y-%m-%d" in formats.get_format("DATE_INPUT_FORMATS")
            assert any(pattern in formats.get_format("TIME_INPUT_FORMATS") for pattern in ("%H:%M", "%H:%M:%S"))

    @pytest.mark.parametrize("code", ["en", "ha", "yo"])
    def test_short_dates_begin_with_the_day(self, code):
        with translation.override(code):
            assert formats.date_format(date(2026, 12, 24), "SHORT_DATE_FORMAT") == "24/12/2026"


class TestListsAndDistances:
    @pytest.mark.parametrize(
        ("code", "two", "three"),
        [
            ("en", "a and b", "a, b and c"),
            ("ha", "a da b", "a, b, da c"),
            ("yo", "a àti b", "a, b àti c"),
            ("ig", "a na b", "a, b, na c"),
            ("fr", "a et b", "a, b et c"),
            ("ar", "a وb", "a وb وc"),
            ("zh-hans", "a和b", "a、b和c"),
        ],
    )
    def test_a_list(self, code, two, three):
        assert formatting.list_of(["a", "b"], code) == two
        assert formatting.list_of(["a", "b", "c"], code) == three

    @pytest.mark.parametrize("code", CODES)
    def test_a_list_of_one_and_of_none(self, code):
        assert formatting.list_of(["a"], code) == "a"
        assert formatting.list_of([], code) == ""

    @pytest.mark.parametrize(
        ("metres", "text"),
        [
            (0, "0 m"),
            (447, "450 m"),
            (994, "990 m"),
            (996, "1 km"),
            (1234, "1.2 km"),
            (9949, "9.9 km"),
            (12_345, "12 km"),
        ],
    )
    def test_a_distance_is_as_exact_as_one_would_say_it(self, metres, text):
        assert formatting.distance(metres, "en") == text


class TestFilters:
    def render(self, source: str, **context: object) -> str:
        return Template("{% load buka_format %}" + source).render(Context(context))

    def test_amounts_keep_their_direction_on_pages_only(self):
        assert self.render("{{ kobo|naira }}", kobo=1_250_000) == "<bdi>₦12,500</bdi>"
        assert self.render("{{ kobo|naira_text }}", kobo=1_250_000) == "₦12,500"
        assert self.render("{% naira_range 800000 1500000 %}") == "<bdi>₦8,000–₦15,000</bdi>"
        assert self.render("{{ phone|isolate }}", phone="<b>") == "<bdi>&lt;b&gt;</bdi>"

    def test_moments_take_the_restaurants_zone(self):
        text = self.render(
            "{{ at|clock:zone }} · {{ at|day:zone }} · {{ at|short_day }} · {{ at|day_and_time:zone }}",
            at=EVENING,
            zone="Europe/London",
        )

        assert text == "6:05 pm · Friday, 4 December 2026 · Fri, 4 Dec · Friday, 4 December 2026, 6:05 pm"

    def test_numbers_lists_and_lengths(self):
        text = self.render(
            "{{ covers|number }} · {{ dishes|list_of }} · {{ metres|distance }} · {{ minutes|duration }} · {{ at|month }}",  # noqa: E501
            covers=12500,
            dishes=["ẹ̀bà", "<soup>"],
            metres=1234,
            minutes=90,
            at=date(2026, 12, 4),
        )

        assert text == "12,500 · ẹ̀bà and &lt;soup&gt; · 1.2 km · 1 hour 30 minutes · December 2026"

    @pytest.mark.parametrize(
        "name",
        ["naira", "naira_text", "day", "short_day", "month", "clock", "day_and_time", "duration", "number", "distance"],
    )
    def test_nothing_is_shown_as_nothing(self, name):
        assert self.render("{{ nothing|" + name + " }}", nothing=None) == ""
