"""A restaurant's free times on its own site."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles.finders import find
from django.urls import reverse

from accounts.services import add_member
from accounts.states import Role
from accounts.tests.factories import UserFactory
from bookings.tests.factories import book, tomorrow
from core.testing import log_in, with_second_factor
from restaurants.models import Restaurant
from restaurants.tests.factories import house

LARGEST = 30 * 1024


@pytest.fixture
def suya_spot(db: None) -> Restaurant:
    return house(name="Suya Spot", slug="suya-spot", tables=(2,))


def page_of(restaurant: Restaurant) -> str:
    return reverse("bookings:widget", args=[restaurant.slug])


def test_shows_free_times_that_lead_to_the_booking_page(client: Any, suya_spot: Restaurant) -> None:
    book(suya_spot, "19:00")
    answer = client.get(page_of(suya_spot), {"date": tomorrow().isoformat(), "party": 2})
    said = answer.content.decode()
    assert reverse("bookings:book", args=["suya-spot"]) in said
    assert "8:30" in said and "7:00" not in said


def test_may_be_framed_and_knows_nobody(client: Any, suya_spot: Restaurant) -> None:
    answer = client.get(page_of(suya_spot))
    assert "frame-ancestors *" in answer["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer
    assert not answer.cookies
    assert (
        "frame-ancestors 'none'"
        in client.get(reverse("bookings:restaurant", args=["suya-spot"]))["Content-Security-Policy"]
    )


def test_weighs_less_than_thirty_kilobytes(client: Any, suya_spot: Restaurant) -> None:
    files = [Path(str(find(f"buka/{name}"))) for name in ("widget.css", "widget-page.js")]
    weight = sum(path.stat().st_size for path in files)
    weight += len(client.get("/widget.js").content) + len(client.get(page_of(suya_spot)).content)
    assert weight < LARGEST


def test_the_script_may_be_loaded_from_anywhere(client: Any) -> None:
    answer = client.get("/widget.js")
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer["Content-Type"].startswith("text/javascript")
    assert settings.BASE_URL in answer.content.decode().replace("\\u002D", "-")


@pytest.mark.parametrize("asked", [{"date": "soon"}, {"party": "-1"}, {"party": "9" * 40}])
def test_says_what_is_wrong(client: Any, suya_spot: Restaurant, asked: dict[str, str]) -> None:
    answer = client.get(page_of(suya_spot), asked)
    assert answer.status_code == 200 and "error" in answer.content.decode()


def test_a_house_that_takes_no_bookings_has_none(client: Any, suya_spot: Restaurant) -> None:
    Restaurant.objects.filter(pk=suya_spot.pk).update(status="paused")
    assert client.get(page_of(suya_spot)).status_code == 404
    assert client.get("/en/r/nobody/widget/").status_code == 404


def test_staff_find_the_lines_to_copy(client: Any, suya_spot: Restaurant) -> None:
    host = with_second_factor(UserFactory())
    add_member(user=host, restaurant_id=suya_spot.pk, role=Role.HOST)
    log_in(client, host)
    said = client.get(reverse("admin:today_widget", args=[suya_spot.public_id])).content.decode()
    assert "widget.js" in said and "data-restaurant=&quot;suya-spot&quot;" in said
