"""What the API says about itself holds: the schema is valid, and what is answered is what it says."""

import copy
import json
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlparse

import jsonschema_rs
import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular import validation
from jsonschema import Draft202012Validator, FormatChecker
from rest_framework.views import APIView

from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import access
from bookings.models import Booking
from bookings.tests.factories import at, book, guest, tomorrow
from restaurants.models import Amenity, SpecialDay
from restaurants.states import RestaurantStatus
from restaurants.tests.factories import CuisineFactory, DishFactory, DishPriceFactory, RestaurantFactory, house

pytestmark = pytest.mark.django_db
# The paths that partners were promised.
PROMISED = {
    "/api/restaurants": {"get"},
    "/api/restaurants/{id}": {"get"},
    "/api/restaurants/{id}/menu": {"get"},
    "/api/restaurants/{id}/availability": {"get"},
    "/api/restaurants/{id}/reviews": {"get", "post"},
    "/api/bookings": {"get", "post"},
    "/api/bookings/{id}": {"get", "patch", "delete"},
    "/api/bookings/{id}/confirm": {"post"},
    "/api/bookings/{id}/decline": {"post"},
    "/api/bookings/{id}/check-in": {"post"},
    "/api/bookings/{id}/seat": {"post"},
    "/api/bookings/{id}/complete": {"post"},
    "/api/bookings/{id}/leave": {"post"},
    "/api/bookings/{id}/no-show": {"post"},
    "/api/bookings/{id}/undo-no-show": {"post"},
    "/api/bookings/{id}/calendar.ics": {"get"},
    "/api/bookings/lookup": {"get"},
    "/api/bookings/holds": {"post"},
    "/api/bookings/holds/{id}": {"delete"},
    "/api/bookings/holds/{id}/confirm": {"post"},
}
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def schema():
    return Client().get("/api/schema").json()


def test_what_is_sent_may_hold_nothing_unknown(schema):
    """Request bodies are closed, answers may gain members."""
    components = schema["components"]["schemas"]
    for path, method, operation in operations(schema):
        if path.startswith("/api/oauth"):
            continue
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        if "$ref" in body:
            name = body["$ref"].rpartition("/")[2]
            assert components[name]["additionalProperties"] is False, (method, path)
    assert "additionalProperties" not in components["Booking"]


def operations(schema):
    for path, item in schema["paths"].items():
        for method in METHODS & set(item):
            yield path, method, item[method]


_validators = {}


def _strict(schema):
    """Return a validator of the whole schema under which nothing may be answered that is not described."""
    if id(schema) not in _validators:
        root = copy.deepcopy(schema)
        for component in root["components"]["schemas"].values():
            if component.get("type") == "object" and "properties" in component:
                component["additionalProperties"] = False
        # A problem carries the facts of its refusal beside the usual members.
        root["components"]["schemas"]["Problem"]["additionalProperties"] = True
        _validators[id(schema)] = Draft202012Validator(root, format_checker=FormatChecker()), schema
    return _validators[id(schema)][0]


def held_to(schema, content):
    """Return a validator of one media type's schema."""
    return _strict(schema).evolve(schema=content["schema"])


def check(schema, answer, path, method="get"):
    described = schema["paths"][path][method]["responses"]
    assert str(answer.status_code) in described, (answer.status_code, answer.content)
    kind = answer["Content-Type"].partition(";")[0]
    held_to(schema, described[str(answer.status_code)]["content"][kind]).validate(answer.json())
    return answer.json()


class TestSchema:
    def test_is_valid_and_made_without_a_warning(self, tmp_path):
        made = tmp_path / "schema.json"
        call_command("spectacular", "--fail-on-warn", "--format", "openapi-json", "--file", str(made))

        # What `--validate` does, in a moment instead of half a minute.
        rules = Path(validation.__file__).with_name("openapi_3_1_schema.json")
        jsonschema_rs.validate(json.loads(rules.read_text()), json.loads(made.read_text()))

    def test_has_every_promised_path(self, schema):
        described = {path: METHODS & set(item) for path, item in schema["paths"].items()}

        assert {path: described.get(path) for path in PROMISED} == PROMISED
        assert schema["openapi"].startswith("3.1")

    def test_every_operation_shows_its_request_its_answer_and_its_errors(self, schema):
        lacking = []
        for path, method, operation in operations(schema):
            name = f"{method} {path}"
            responses = operation["responses"]
            contents = [
                content
                for code, body in responses.items()
                for content in body.get("content", {}).values()
                if code < "300"
            ]
            if contents and not all(content.get("examples") for content in contents):
                lacking.append(f"{name}: answer")
            asked = operation.get("requestBody", {}).get("content", {})
            if asked and not all(content.get("examples") for content in asked.values()):
                lacking.append(f"{name}: request")
            if not any(code >= "400" for code in responses):
                lacking.append(f"{name}: errors")
            if path in PROMISED and not operation.get("summary"):
                lacking.append(f"{name}: summary")
        assert lacking == []

    def test_the_examples_are_what_the_schema_says(self, schema):
        checked = 0
        for path, method, operation in operations(schema):
            bodies = [*operation["responses"].values(), operation.get("requestBody", {})]
            for kind, content in [pair for body in bodies for pair in body.get("content", {}).items()]:
                for name, example in content.get("examples", {}).items():
                    if "json" in kind:
                        errors = list(held_to(schema, content).iter_errors(example["value"]))
                        assert not errors, (path, method, name, errors[0].message)
                        checked += 1
        assert checked > 40

    def test_is_also_yaml_and_kept(self):
        client = Client()

        as_json, as_yaml = client.get("/api/schema"), client.get("/api/schema", headers={"Accept": "application/yaml"})

        assert (as_json["Content-Type"], as_yaml["Content-Type"]) == (
            "application/json; charset=utf-8",
            "application/yaml; charset=utf-8",
        )
        assert yaml.safe_load(as_yaml.content)["paths"].keys() == as_json.json()["paths"].keys()
        assert client.get("/api/schema?format=yaml").content == as_yaml.content
        assert client.get("/api/schema", headers={"If-None-Match": as_json["ETag"]}).status_code == 304


class TestPages:
    def test_the_page_asks_nobody_else(self):
        client = Client()

        page = client.get("/api/docs", headers={"Accept": "text/html"}).content.decode()

        scripts = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert len(scripts) >= 4
        assert all(address.startswith("/") and not address.startswith("//") for address in scripts)
        script = client.get("/api/docs", {"script": ""}).content.decode()
        assert "/api/schema" in script

    def test_a_problems_type_leads_to_its_meaning(self):
        client = Client(raise_request_exception=False)
        kind = urlparse(client.get("/api/restaurants?limit=0").json()["type"])

        page = client.get(kind.path)

        assert page.status_code == 200
        assert f'id="{kind.fragment}"' in page.content.decode()


def views(patterns, prefix=""):
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and path.startswith("api/"):
            yield path, pattern.callback


def test_every_door_says_who_may_enter():
    silent = []
    for path, callback in views(get_resolver("config.urls").url_patterns):
        view = getattr(callback, "cls", None)
        if view is None:
            # A page, as that of all errors, is open, and so is what a proof over its bytes opens; a view of the API is
            # never a bare function.
            assert path in ("api/docs/errors", "api/webhooks/paystack", "api/webhooks/flutterwave"), path
            continue
        own = [parent for parent in view.__mro__ if "permission_classes" in vars(parent) and parent is not APIView]
        if not own:
            silent.append(path)
    assert silent == []


class TestContract:
    """Plain functions answer the hot reads; this holds them to the schema that describes them."""

    @pytest.fixture
    def client(self):
        return Client(raise_request_exception=False)

    @pytest.fixture
    def restaurant(self):
        restaurant = house(
            name="Ẹniọlá’s", price_band=2, policy={"deposit_kobo_per_guest": 500_000, "deposit_from_party": 2}
        )
        restaurant.cuisines.add(CuisineFactory())
        restaurant.amenities.add(Amenity.objects.create(slug="generator", name="Generator"))
        SpecialDay.objects.create(restaurant=restaurant, date=tomorrow() + timedelta(days=1), name="Eid", note="Rest")
        dish = DishFactory(
            section__menu__restaurant=restaurant,
            allergens=["fish"],
            heat=2,
            course="soup",
            other_names={"yo": "ọbẹ̀"},
        )
        DishPriceFactory(dish=dish)
        DishFactory(section=dish.section, name="Unpriced")
        return restaurant

    def test_list(self, schema, client, restaurant):
        RestaurantFactory(status=RestaurantStatus.LISTED, attribution="© OSM")
        day = tomorrow().isoformat()
        for asked in (
            {},
            {"facets": "true", "limit": "1"},
            {"near": "6.5,3.4"},
            {"party_size": "2", "date": day, "time": "19:00"},
            {"limit": "0"},
            {"q": "nobody"},
        ):
            check(schema, client.get("/api/restaurants", asked), "/api/restaurants")

    def test_detail_and_menu(self, schema, client, restaurant):
        listing = RestaurantFactory(status=RestaurantStatus.LISTED)
        for each in (restaurant, listing):
            check(schema, client.get(f"/api/restaurants/{each.public_id}"), "/api/restaurants/{id}")
            check(schema, client.get(f"/api/restaurants/{each.public_id}/menu"), "/api/restaurants/{id}/menu")

    def test_availability(self, schema, client, restaurant):
        book(restaurant)
        path = f"/api/restaurants/{restaurant.public_id}/availability"
        last = tomorrow() + timedelta(days=3)
        for query in (
            f"date={tomorrow()}&party_size=2",
            f"date={tomorrow()}&party_size=399",
            f"date={tomorrow() + timedelta(days=1)}&party_size=2",
            f"from={tomorrow()}&to={last}&party_size=2",
            "party_size=four",
        ):
            check(schema, client.get(f"{path}?{query}"), "/api/restaurants/{id}/availability")

    def test_bookings(self, schema, client, restaurant):
        ask = {
            "restaurant": str(restaurant.public_id),
            "starts_at": at().isoformat(),
            "party_size": 2,
            "guest": {"name": "Ada", "phone": "08031234567"},
        }
        made = client.post("/api/bookings", json.dumps(ask), content_type="application/json")
        body = check(schema, made, "/api/bookings", "post")
        token = {"X-Booking-Token": body["token"]}
        again = client.post("/api/bookings", json.dumps(ask), content_type="application/json")
        check(schema, again, "/api/bookings", "post")
        check(schema, client.get(f"/api/bookings/{body['id']}", headers=token), "/api/bookings/{id}")
        check(schema, client.get(f"/api/bookings/{body['id']}"), "/api/bookings/{id}")
        found = client.get("/api/bookings/lookup", {"code": body["code"], "phone": "08031234567"})
        check(schema, found, "/api/bookings/lookup")
        path = f"/api/bookings/{body['id']}"
        changed = client.patch(path, json.dumps({"party_size": 1}), content_type="application/json", headers=token)
        check(schema, changed, "/api/bookings/{id}", "patch")
        check(schema, client.delete(path, headers=token), "/api/bookings/{id}", "delete")
        check(schema, client.delete(path, headers=token), "/api/bookings/{id}", "delete")

    def test_for_staff(self, schema, client, restaurant):
        booking = book(restaurant, diner=UserFactory())
        book(restaurant, "20:00", party_size=4, guest=guest(2))
        log_in(client, member(restaurant.pk, Role.HOST))
        listed = client.get("/api/bookings", {"restaurant": restaurant.public_id})
        assert len(check(schema, listed, "/api/bookings")["results"]) == 2
        for word in ("check-in", "seat", "complete", "seat"):
            answer = client.post(f"/api/bookings/{booking.public_id}/{word}", "{}", content_type="application/json")
            check(schema, answer, f"/api/bookings/{{id}}/{word}", "post")

    def test_holds(self, schema, client, restaurant):
        ask = {"restaurant": str(restaurant.public_id), "starts_at": at().isoformat(), "party_size": 2}
        held = client.post("/api/bookings/holds", json.dumps(ask), content_type="application/json")
        hold = check(schema, held, "/api/bookings/holds", "post")
        confirmed = client.post(
            f"/api/bookings/holds/{hold['id']}/confirm",
            json.dumps({"guest": {"name": "Ada", "email": "ada@example.com"}}),
            content_type="application/json",
            headers={"X-Booking-Token": access.token_for(Booking.objects.get())},
        )
        check(schema, confirmed, "/api/bookings/holds/{id}/confirm", "post")
