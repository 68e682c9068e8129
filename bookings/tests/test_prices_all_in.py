"""What guests read of taxes and charges before they pay, and how a house keeps its lines."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.partners.models import PartnerGrant
from accounts.partners.states import Scope
from accounts.partners.tests.factories import an_app, bearing, fetch_token
from accounts.states import Role
from accounts.tests.back_office import filled_in
from accounts.tests.factories import UserFactory, log_in, member
from bookings import access
from bookings.models import TicketKind, TicketOrder
from bookings.tests.test_api import Api, signed_in
from bookings.tests.ticket_factories import event_at, order
from core.hotcache import start_afresh
from payments.receipts.selectors import link_to_receipt
from payments.states import Kind
from payments.tests.factories import a_payment, a_request
from restaurants.models import ChargeLine, Restaurant
from restaurants.tests.factories import (
    ChargeLineFactory,
    DishFactory,
    DishPriceFactory,
    MenuFactory,
    MenuSectionFactory,
    house,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Restaurant:
    place = house(name="Rooftop", slug="rooftop", tables=(2,))
    ChargeLineFactory(restaurant=place)
    return place


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


class TestBeforePaying:
    def test_a_menu_says_what_comes_on_top_and_what_that_makes(self, client, place):
        DishPriceFactory(dish=DishFactory(section=MenuSectionFactory(menu=MenuFactory(restaurant=place))))
        ChargeLineFactory(restaurant=place, what="service_charge", rate_bp=1_000, position=1)
        start_afresh()

        page = text_of(client.get(reverse("bookings:restaurant", args=[place.slug])))

        assert "On top of the prices come: VAT (7.5%) and Service charge (10%)." in page
        assert "Dishes for ₦10,000 make a bill of about ₦11,750." in page

    def test_tickets_say_what_their_price_contains(self, client, place):
        event = event_at(place)
        kind = TicketKind.objects.get(event=event, name="Ticket")

        page = text_of(client.get(reverse("bookings:event", args=[event.public_id])))
        ordering = text_of(
            client.get(reverse("bookings:order_tickets", args=[event.public_id]), {str(kind.public_id): 1})
        )

        assert "The prices are all that you pay. They contain: VAT (7.5%)." in page
        assert "Together ₦5,000" in ordering
        assert "<bdi>VAT (7.5%)</bdi> <bdi>₦348.84</bdi>" in ordering

    def test_the_page_to_pay_on_says_it_too(self, client, place):
        asked = a_request(place, 500_000, kind=Kind.TICKETS, subject_id=order(event_at(place), Ticket=1).public_id)

        page = text_of(client.get(reverse("payments:pay", args=[asked.token])))

        assert "<bdi>VAT (7.5%)</bdi> <bdi>₦348.84</bdi>" in page

    def test_the_page_to_pay_on_says_what_is_charged(self, client, place):
        asked = a_request(place, 800_000, kind=Kind.TICKETS, subject_id=order(event_at(place), Ticket=1).public_id)

        page = text_of(client.get(reverse("payments:pay", args=[asked.token])))

        assert "Pay ₦5,000" in page
        assert "₦8,000" not in page
        assert "<bdi>VAT (7.5%)</bdi> <bdi>₦348.84</bdi>" in page

    def test_an_order_tells_programs(self, place):
        bought = order(event_at(place), Ticket=1)
        client = Api(raise_request_exception=False)
        log_in(client, member(place.pk, Role.MANAGER))

        money = client.get(reverse("bookings_api:ticket_order", args=[bought.public_id])).json()["money"]

        assert money["due"]["amount"] == "5000.00"
        assert [(each["name"], each["rate"], each["amount"]["amount"]) for each in money["contains"]] == [
            ("VAT", "7.50", "348.84")
        ]


class TestReceiptByToken:
    def test_opens_what_the_buyer_paid_and_no_friends(self, client, place):
        bought = order(event_at(place), Ticket=1)
        mine = a_payment(place, 500_000, kind=Kind.TICKETS, subject_id=bought.public_id)
        theirs = a_payment(place, 500_000, kind=Kind.TICKETS, subject_id=bought.public_id, is_share=True)
        address = tickets_receipt(bought)

        page = client.get(address)

        assert str(mine.public_id) in address
        assert page.status_code == 200
        assert "?token=" in page.content.decode()
        assert client.get(address.replace(str(mine.public_id), str(theirs.public_id))).status_code == 404
        assert client.get(address + "x").status_code == 404

    def test_shows_all_that_the_buyer_paid(self, client, place):
        bought = order(event_at(place), Ticket=1)
        parts = [a_payment(place, kobo, kind=Kind.TICKETS, subject_id=bought.public_id) for kobo in (200_000, 300_000)]

        page = client.get(tickets_receipt(bought))

        for part in parts:
            number = part.receipts.get().number
            assert number in page.content.decode()
            pdf = reverse("payments:receipt_pdf", args=[parts[1].public_id])
            file = client.get(pdf, {"token": access.token_for(bought), "number": number})
            assert number in file["Content-Disposition"]

    @pytest.mark.parametrize("token", ["", "x", "undefined"])
    def test_a_host_needs_a_true_one(self, client, place, token):
        bought = order(event_at(place), Ticket=1)
        paid = a_payment(place, 500_000, kind=Kind.TICKETS, subject_id=bought.public_id)
        log_in(client, member(place.pk, Role.HOST))
        path = reverse("payments:receipt", args=[paid.public_id])

        assert client.get(path, {"token": token}).status_code == 404
        assert client.get(path, {"token": access.token_for(bought)}).status_code == 200

    @pytest.mark.parametrize(("email", "name"), [("ADA@example.com", "Ada Obi"), ("friend@example.com", "")])
    def test_names_the_buyer_where_their_address_paid(self, place, email, name):
        bought = order(event_at(place), Ticket=1)
        TicketOrder.objects.filter(pk=bought.pk).update(guest_name="Ada Obi", guest_email="ada@example.com")

        paid = a_payment(place, 500_000, kind=Kind.TICKETS, subject_id=bought.public_id, email=email)

        assert paid.receipts.get().payer_name == name


class TestReceiptByTheApi:
    def test_a_friends_is_neither_the_bookers_nor_an_apps_nor_a_hosts(self, place):
        booker = UserFactory()
        bought = order(event_at(place), Ticket=1)
        TicketOrder.objects.filter(pk=bought.pk).update(diner=booker)
        more = {"kind": Kind.TICKETS, "subject_id": bought.public_id}
        own, friends = a_payment(place, 500_000, **more), a_payment(place, 500_000, is_share=True, **more)
        app, secret = an_app()
        PartnerGrant.objects.create(app=app, restaurant=place, scopes=[Scope.BOOKINGS_READ.value])
        askers = {
            "booker": signed_in(booker),
            "manager": signed_in(member(place.pk, Role.MANAGER)),
            "host": signed_in(member(place.pk, Role.HOST)),
            "app": Api(headers=bearing(fetch_token(app, secret))),
            "nobody": Api(),
        }
        token = {"nobody": access.token_for(bought)}

        answers = {
            name: [
                api.send("GET", f"/api/payments/{paid.public_id}/receipt", token=token.get(name, "")).status_code
                for paid in (own, friends)
            ]
            for name, api in askers.items()
        }

        assert answers == {
            "booker": [200, 404], "manager": [200, 200], "host": [404, 404], "app": [200, 404], "nobody": [200, 404],
        }  # fmt: skip


def tickets_receipt(bought: TicketOrder) -> str:
    token = access.token_for(bought)
    return link_to_receipt(Kind.TICKETS, bought.public_id, owner_id=None, token=token, language="en")


class TestKeepingLines:
    def test_a_manager_ends_one_and_begins_another(self, client, place):
        log_in(client, member(place.pk, Role.MANAGER))
        where = reverse("admin:restaurants_restaurant_change", args=[place.pk])
        tomorrow = timezone.localdate() + timedelta(days=1)
        new = {
            "id": "", "restaurant": place.pk, "what": "vat", "own_name": "", "rate_bp": "10", "base": "net",
            "for_meals": "on", "for_tickets": "on", "position": "0", "from_day": tomorrow.isoformat(), "until_day": "",
        }  # fmt: skip
        changes = {
            "legal_name": "Rooftop Ltd",
            "charge_lines-TOTAL_FORMS": "2",
            "charge_lines-0-until_day": timezone.localdate().isoformat(),
            **{f"charge_lines-1-{name}": str(value) for name, value in new.items()},
        }

        answer = client.post(where, filled_in(client.get(where), **changes))

        assert answer.status_code == 302
        assert list(ChargeLine.objects.order_by("from_day").values_list("rate_bp", flat=True)) == [750, 1_000]
        place.refresh_from_db()
        assert place.legal_name == "Rooftop Ltd"

    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [("rate_bp", "5", "make a new line"), ("DELETE", "on", "is not deleted")],
    )
    def test_what_has_begun_stays(self, client, place, name, value, said):
        log_in(client, member(place.pk, Role.MANAGER))
        where = reverse("admin:restaurants_restaurant_change", args=[place.pk])

        answer = client.post(where, filled_in(client.get(where), **{f"charge_lines-0-{name}": value}))

        assert said in answer.content.decode()
        assert ChargeLine.objects.get().rate_bp == 750

    def test_the_api_lists_those_of_today(self, place):
        ChargeLineFactory(
            restaurant=place, what="consumption_tax", from_day=date(2025, 1, 1), until_day=date(2025, 2, 1)
        )
        start_afresh()

        lines = Client().get(f"/api/restaurants/{place.public_id}").json()["charges"]

        assert [(line["kind"], line["rate"], line["included"], line["until"]) for line in lines] == [
            ("vat", "7.50", False, None)
        ]
