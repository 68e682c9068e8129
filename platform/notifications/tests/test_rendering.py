"""The words of the mails: in ten languages, complete, and harmless whatever people are called."""

from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.template import engines

from notifications import catalogue, rendering
from notifications.states import Channel
from notifications.tests.factories import CONTEXTS, contexts_of

LANGUAGES = [code for code, _name in settings.LANGUAGES]
EVERY_MAIL = [
    pytest.param(kind, context, id=f"{kind}-{number}")
    for kind, entry in catalogue.KINDS.items()
    if Channel.EMAIL in entry.channels
    for number, context in enumerate(contexts_of(kind))
]


@pytest.fixture
def loud_templates(monkeypatch):
    """A variable that nobody gave shows up in the mail instead of vanishing."""
    for engine in engines.all():
        monkeypatch.setattr(engine.engine, "string_if_invalid", "MISSING(%s)")


# What a mail says in words of its own: the terms of a booking say the one, a sentence the other.
SAID_OTHERWISE = {"deposit_there", "step_free_wish"}


class Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.words += "\n" * (tag == "br")
        self.links += [value for name, value in attributes if name in ("href", "src")]

    def handle_data(self, data):
        self.words += data


class TestEveryMail:
    def test_the_examples_cover_the_catalogue(self):
        assert set(CONTEXTS) == set(catalogue.KINDS)

    @pytest.mark.parametrize(("kind", "context"), EVERY_MAIL)
    def test_is_complete_in_every_language(self, loud_templates, kind, context):
        for language in LANGUAGES:
            mail = rendering.mail(catalogue.kind_called(kind), language=language, context=context)

            for words in (mail.subject, mail.text, mail.html):
                assert "MISSING" not in words, language
                assert "{{" not in words, language
                assert "{%" not in words, language
                assert words.strip(), language
            assert "\n" not in mail.subject, language
            assert "&amp;" not in mail.text, language
            assert context.get("restaurant_name", "") in mail.text, language
            assert f'lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in mail.html
            assert len(mail.html.encode()) <= 15_000, language

    @pytest.mark.parametrize(("kind", "context"), EVERY_MAIL)
    def test_text_and_html_say_the_same(self, kind, context):
        mail = rendering.mail(catalogue.kind_called(kind), language="en", context=context)

        read = Reader(mail.html)
        written, shown = " ".join(mail.text.split()), " ".join(read.words.split())
        # A choice picks the words and is not one of them.
        for name in context.keys() - catalogue.kind_called(kind).choices.keys() - SAID_OTHERWISE:
            value = " ".join(str(context[name]).split())
            in_text, in_html = value in written, value in shown or value in read.links
            assert (name, in_text, in_html) == (name, True, True)

    @pytest.mark.parametrize(("kind", "context"), EVERY_MAIL)
    def test_loads_nothing_and_leads_only_where_it_was_told(self, kind, context):
        mail = rendering.mail(catalogue.kind_called(kind), language="en", context=context)

        read = Reader(mail.html)
        assert not {"img", "script", "link", "iframe", "table"} & set(read.tags)
        given = {value for name, value in context.items() if name.endswith("_url")}
        assert set(read.links) <= given | {settings.BASE_URL}

    def test_has_words_for_each_choice(self):
        kind = catalogue.kind_called("booking.cancelled")
        example = contexts_of("booking.cancelled")[0]

        by_diner = rendering.mail(kind, language="en", context=example | {"cancelled_by": "diner"})
        by_house = rendering.mail(kind, language="en", context=example | {"cancelled_by": "restaurant"})

        assert "as you asked" in by_diner.text
        assert "We are sorry" in by_house.text

    def test_counts_people_in_the_singular(self):
        kind = catalogue.kind_called("booking.confirmed")
        example = contexts_of("booking.confirmed")[0]

        assert "Party: 1 person\n" in rendering.mail(kind, language="en", context=example | {"party_size": 1}).text
        assert "Party: 4 people\n" in rendering.mail(kind, language="en", context=example | {"party_size": 4}).text


class TestHostileValues:
    @staticmethod
    def confirmed(**values):
        context = contexts_of("booking.confirmed")[0] | values
        return rendering.mail(catalogue.kind_called("booking.confirmed"), language="en", context=context)

    def test_a_name_cannot_begin_another_header(self):
        mail = self.confirmed(restaurant_name="Iya Eba\r\nBcc: everybody@example.com\u2028X: y")

        assert mail.subject == "Booked: Iya Eba Bcc: everybody@example.com X: y, Friday 12 June, 19:30"

    def test_a_name_is_text_in_html(self):
        mail = self.confirmed(guest_name="<img src=x onerror=alert(1)> & Co")

        assert "<img" not in mail.html
        assert "Hello &lt;img src=x onerror=alert(1)&gt; &amp; Co," in mail.html
        assert "Hello <img src=x onerror=alert(1)> & Co," in mail.text

    def test_what_was_kept_before_card_numbers_were_refused_still_leaves(self):
        assert "Hello 4111 1111 1111 1111," in self.confirmed(guest_name="4111 1111 1111 1111").text

    def test_a_name_is_no_template(self):
        assert "Hello {{ code }}{% now 'Y' %}," in self.confirmed(guest_name="{{ code }}{% now 'Y' %}").text

    def test_marks_that_turn_the_line_are_taken_out(self):
        assert "Hello Ada evil," in self.confirmed(guest_name="Ada \u202eevil\u2066").text

    @pytest.mark.parametrize("name", ["\0\0", "\u200b", " "])
    def test_greets_whoever_has_no_name_to_see(self, name):
        assert self.confirmed(guest_name=name).text.startswith("Hello,\n")

    def test_a_huge_name_is_cut(self):
        mail = self.confirmed(guest_name="👩🏾‍🍳" * 10_000, restaurant_name="ﷺ" * 10_000)

        assert len(mail.subject) <= 250
        assert len(mail.text) < 3_000

    def test_half_a_character_is_replaced(self):
        assert "Hello Ada?," in self.confirmed(guest_name="Ada\ud83d").text

    def test_paragraphs_stay_paragraphs(self):
        mail = self.confirmed(policy_text="Free until noon.\n\nThen half the deposit.")

        assert "Free until noon.\n\nThen half the deposit." in mail.text
        assert "Free until noon.<br><br>Then half the deposit." in mail.html


class TestContext:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"code": None}, "needs code"),
            ({"when": ""}, "needs when"),
            ({"colour": "red"}, "does not know colour"),
            ({"booking_url": "javascript:alert(1)"}, "not a web address"),
            ({"booking_url": "https://buka.example/\nBcc: x"}, "not a web address"),
        ],
    )
    def test_refuses_what_does_not_fit(self, change, words):
        context = contexts_of("booking.confirmed")[0] | change

        with pytest.raises(catalogue.WrongContext, match=words):
            rendering.mail(catalogue.kind_called("booking.confirmed"), language="en", context=context)

    def test_refuses_a_choice_without_words(self):
        context = contexts_of("booking.reminder")[0] | {"hours_before": 12}

        with pytest.raises(catalogue.WrongContext, match="no words for hours_before=12"):
            rendering.mail(catalogue.kind_called("booking.reminder"), language="en", context=context)

    def test_refuses_a_kind_that_is_not_in_the_catalogue(self):
        with pytest.raises(catalogue.WrongContext, match=r"no message called 'booking\.sung'"):
            catalogue.kind_called("booking.sung")


@pytest.mark.parametrize(
    ("asked", "given"), [("ha", "ha"), ("zh-hans", "zh-hans"), ("fr-CA", "fr"), ("tlh", "en"), ("", "en")]
)
def test_language_falls_back_to_one_of_ours(asked, given):
    assert rendering.language_for(asked) == given
