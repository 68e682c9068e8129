"""Claiming a listing, and the pictures that stand in for photographs."""

import io
import re
from xml.etree import ElementTree

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from PIL import Image

from accounts.tests.factories import UserFactory
from core.testing import work_off_outbox
from notifications.models import Message
from restaurants.models import ListingClaim
from restaurants.states import ClaimStatus, RestaurantStatus
from restaurants.tests.factories import RestaurantFactory, house

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing():
    return RestaurantFactory(name="Mama Put", slug="mama-put", status=RestaurantStatus.LISTED, source="osm")


def answers(**more):
    return {
        "job": "Owner",
        "phone": "0803 123 4567",
        "proof": "My name stands on mamaput.example",
        "opens": "11:00",
        "closes": "23:00",
        "tables_for_two": "4",
        "tables_for_four": "",
        "tables_for_six": "1",
        **more,
    }


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


class TestClaim:
    address = "/en/r/mama-put/claim/"

    def test_asks_to_log_in_first_and_comes_back(self, client, listing):
        response = client.get(self.address)

        assert response.status_code == 302
        assert response["Location"] == f"{reverse('account_login')}?next={self.address}"

    def test_records_what_the_house_says_of_itself(self, client, listing):
        claimant = UserFactory()
        client.force_login(claimant)

        response = client.post(self.address, answers())

        claim = ListingClaim.objects.get()
        assert "Thank you, we have your claim" in text_of(response)
        assert (claim.restaurant, claim.claimant, claim.status) == (listing, claimant, ClaimStatus.PENDING)
        assert (claim.phone, claim.job) == ("+2348031234567", "Owner")
        assert (claim.tables_for_two, claim.tables_for_four, claim.tables_for_six) == (4, 0, 1)
        assert (claim.opens.hour, claim.closes.hour) == (11, 23)
        work_off_outbox()
        assert Message.objects.get().recipient == claimant.email

    @pytest.mark.parametrize(
        ("field", "typed"),
        [
            ("job", ""),
            ("job", "x" * 10_000),
            ("job", "\u200b"),
            ("phone", "call me"),
            ("phone", "0803"),
            ("proof", ""),
            ("proof", "a\0b"),
            ("opens", "noon"),
            ("closes", "11:00"),
            ("tables_for_two", "-1"),
            ("tables_for_two", "four"),
            ("tables_for_six", "1000000000"),
        ],
    )
    def test_says_at_the_field_what_is_wrong(self, client, listing, field, typed):
        client.force_login(UserFactory())

        response = client.post(self.address, answers(**{field: typed}))

        assert response.status_code == 422
        assert f'id="claim-{field}_error"' in response.content.decode()
        assert 'value="Owner"' in response.content.decode() or field == "job"
        assert not ListingClaim.objects.exists()

    def test_wants_at_least_one_table(self, client, listing):
        client.force_login(UserFactory())

        response = client.post(self.address, answers(tables_for_two="", tables_for_six="0"))

        assert "Tell us of at least one table." in text_of(response)
        assert not ListingClaim.objects.exists()

    def test_takes_one_claim_of_a_person(self, client, listing):
        client.force_login(UserFactory())
        client.post(self.address, answers())

        again = client.post(self.address, answers())

        assert again.status_code == 409
        assert "You have claimed this listing already" in text_of(again)
        assert ListingClaim.objects.count() == 1

    def test_leaves_a_house_with_an_owner_alone(self, client):
        house(slug="suya-spot")
        client.force_login(UserFactory())

        for response in (client.get("/en/r/suya-spot/claim/"), client.post("/en/r/suya-spot/claim/", answers())):
            assert response.status_code == 409
            assert "has an owner on Buka already" in text_of(response)
        assert not ListingClaim.objects.exists()

    def test_knows_nothing_of_a_house_that_is_not_public(self, client):
        RestaurantFactory(slug="mama-put", status=RestaurantStatus.DRAFT)
        client.force_login(UserFactory())

        assert client.get(self.address).status_code == 404


class TestPictures:
    @pytest.mark.parametrize("address", ["/art/r/suya-spot.svg", "/art/d/jollof-rice.svg?course=main"])
    def test_are_drawn_from_the_name_alone_and_kept_by_the_browser(self, client, address, django_assert_num_queries):
        with django_assert_num_queries(0):
            response = client.get(address)

        assert response["Content-Type"] == "image/svg+xml"
        assert "max-age=2592000" in response["Cache-Control"]
        assert ElementTree.fromstring(response.content).tag.endswith("svg")
        assert client.get(address, headers={"If-None-Match": response["ETag"]}).status_code == 304
        assert client.get(address).content == response.content

    def test_differ_from_one_name_to_the_next(self, client):
        assert client.get("/art/r/suya-spot.svg").content != client.get("/art/r/mama-put.svg").content

    def test_take_no_names_without_end(self, client):
        assert client.get(f"/art/r/{'x' * 81}.svg").status_code == 404
        assert client.get(f"/art/d/{'x' * 81}.svg").status_code == 404
        assert client.get("/art/d/..%2Fsecret.svg").status_code == 404
        assert client.get("/art/d/jollof.svg", {"course": "x" * 5000}).status_code == 200

    def test_for_link_previews_are_pixels_of_houses_there_are(self, client, listing):
        response = client.get("/art/og/mama-put.png")

        assert response["Content-Type"] == "image/png"
        assert Image.open(io.BytesIO(response.content)).size == (1200, 630)
        assert client.get("/art/og/nobody.png").status_code == 404


class TestPhotos:
    def test_are_answered_where_there_are_some(self, client, settings, tmp_path):
        settings.MEDIA_ROOT = str(tmp_path)
        name = default_storage.save("photos/terrace.webp", ContentFile(b"RIFF"))

        response = client.get(f"/media/{name}")

        assert response["Content-Type"] == "image/webp"
        assert b"".join(response.streaming_content) == b"RIFF"
        response.close()

    @pytest.mark.parametrize(
        "path", ["photos/none.webp", "photos/../secret.webp", "photos/x.html", "photos/%2e%2e/a.png"]
    )
    def test_are_nothing_else(self, client, settings, tmp_path, path):
        settings.MEDIA_ROOT = str(tmp_path)
        default_storage.save("secret.webp", ContentFile(b"no"))
        default_storage.save("photos/x.html", ContentFile(b"<script>"))

        assert client.get(f"/media/{path}").status_code in (400, 404)
