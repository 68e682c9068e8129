"""Facts about every page of the back office."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.utils import flatten_fieldsets
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import Membership, MembershipHistory  # type: ignore[attr-defined]
from accounts.services import add_member
from accounts.states import Role
from accounts.tests.factories import UserFactory
from core.testing import log_in, with_second_factor
from restaurants.models import DishPriceHistory  # type: ignore[attr-defined]
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db

PAGES = sorted(admin.site._registry.values(), key=lambda page: page.opts.label_lower)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.opts.label_lower)
def test_a_page_of_one_row_shows_no_label_of_a_list(page: ModelAdmin) -> None:
    """Only lists make a coloured label of a pair; a page of one row would show ('runs', '70 hours left')."""
    request = RequestFactory().get("/")
    request.user = with_second_factor(UserFactory(is_superuser=True, is_staff=True))
    inlines = page.get_inline_instances(request)

    shown = [(page, name) for name in flatten_fieldsets(page.get_fieldsets(request))]
    shown += [(inline, name) for inline in inlines for name in flatten_fieldsets(inline.get_fieldsets(request))]

    pairs = [f"{type(where).__name__}.{name}" for where, name in shown if getattr(_method(where, name), "label", None)]
    assert pairs == []


def _method(where: Any, name: str) -> Any:
    return getattr(where, name, None) or getattr(where.model, name, None)


def _listed(page: ModelAdmin, request: Any) -> set[str]:
    """Return the paths of a list's own filters."""
    names = {str(page.date_hierarchy)}
    for each in page.get_list_filter(request):
        each = each[0] if isinstance(each, tuple) else each
        names.add(each.parameter_name if isinstance(each, type) else str(each))  # type: ignore[attr-defined]
    return names


class TestFiltersOfAList:
    """Whatever a list lets be compared can be spelt out, letter by letter."""

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.opts.label_lower)
    def test_no_column_is_compared_but_those_with_a_filter(self, page: ModelAdmin) -> None:
        request = RequestFactory().get("/")
        request.user = with_second_factor(UserFactory(is_superuser=True, is_staff=True))
        columns = {name for field in page.opts.get_fields() if field.concrete for name in (field.name, field.attname)}
        columns |= set(page.get_queryset(request).query.annotations) | {"pk"}

        def passes(lookup: str) -> bool:
            asking = RequestFactory().get("/", {lookup: "1"})
            asking.user = request.user
            try:
                page.get_changelist_instance(asking)
            except DisallowedModelAdminLookup:
                return False
            except Exception:
                return True
            return True

        ends = ("", "__exact", "__startswith", "__regex", "__gt", "__isnull", "__in")
        hidden = [f"{column}{end}" for column in columns - _listed(page, request) for end in ends]
        spelling = [f"{name}{end}" for name in _listed(page, request) for end in ("__startswith", "__regex", "__gt")]
        assert columns
        assert [lookup for lookup in (*hidden, *spelling) if passes(lookup)] == []

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.opts.label_lower)
    def test_every_listed_filter_still_filters(self, page: ModelAdmin) -> None:
        request = RequestFactory().get("/")
        request.user = with_second_factor(UserFactory(is_superuser=True, is_staff=True))
        specs = page.get_changelist_instance(request).get_filters(request)[0]

        wanted = {name for spec in specs for name in spec.expected_parameters()}
        wanted |= {f"{page.date_hierarchy}__{part}" for part in ("year", "month", "day") if page.date_hierarchy}

        assert {name for name in wanted if not page.lookup_allowed(name, "1", request)} == set()

    @pytest.mark.parametrize(
        "address",
        [
            "audit/auditevent/?actor_email__startswith=d",
            "accounts/user/?password__startswith=bcrypt",
            "accounts/invitation/?token_hash__startswith=a",
            "partners/partnerapp/?previous_secret__startswith=b",
        ],
    )
    def test_who_tries_is_refused(self, client: Client, address: str) -> None:
        platform = with_second_factor(UserFactory(is_superuser=True, is_staff=True))
        log_in(client, platform)

        assert client.get(f"/admin/{address.partition('?')[0]}").status_code == 200
        assert client.get(f"/admin/{address}").status_code == 400


class TestAnEmptyList:
    """It says what is true of it: whether something may be added, whether a search hides the rest."""

    def test_says_how_the_first_one_is_made(self, client: Client) -> None:
        log_in(client, with_second_factor(UserFactory(is_superuser=True, is_staff=True)))
        page = client.get("/admin/partners/endpoint/").content.decode()

        assert "Make the first one" in page
        assert "yielded" not in page

    def test_offers_nothing_to_who_cannot_add(self, client: Client) -> None:
        log_in(client, with_second_factor(UserFactory(is_superuser=True, is_staff=True)))
        page = client.get("/admin/partners/delivery/").content.decode()

        assert "It will stand here" in page
        assert "Show everything" not in page

    def test_leads_out_of_a_search(self, client: Client) -> None:
        log_in(client, with_second_factor(UserFactory(is_superuser=True, is_staff=True)))
        page = client.get("/admin/partners/endpoint/?q=nothing").content.decode()

        assert "Nothing found" in page
        assert "Show everything" in page


class TestWhatIsNotThere:
    def test_is_told_with_a_way_back_to_the_back_office(self, client: Client) -> None:
        restaurant = house(tables=(2,))
        owner = UserFactory()
        add_member(user=owner, restaurant_id=restaurant.pk, role=Role.OWNER)
        log_in(client, with_second_factor(owner))

        answers = {client.get(f"/admin/{at}"): code for at, code in (("nowhere/", 404), ("translations/", 403))}

        for answer, code in answers.items():
            said = answer.content.decode().split("<main")[1].split("</main>")[0]
            assert answer.status_code == code
            assert 'href="/admin/"' in said
            assert "Find a table" not in said


class TestNullCharacters:
    @pytest.mark.parametrize(
        "address",
        [
            "autocomplete/?app_label=bookings&model_name=booking&field_name=diner&term=%00",
            "autocomplete/?app_label=restaurants&model_name=table&field_name=area&term=%00",
            "accounts/user/?q=%00",
            "search/?s=%00",
            "restaurants/table/add/?restaurant=%00",
        ],
    )
    def test_in_an_address_are_refused(self, client: Client, address: str) -> None:
        log_in(client, with_second_factor(UserFactory(is_superuser=True, is_staff=True)))

        assert client.get(f"/admin/{address}").status_code == 400


class TestRowsOfAHistory:
    def test_are_called_by_what_happened_when(self) -> None:
        restaurant = house(tables=(2,))
        membership: Membership = add_member(user=UserFactory(), restaurant_id=restaurant.pk, role=Role.HOST)
        membership.role = Role.MANAGER
        membership.save()

        changed, added = MembershipHistory.objects.filter(pgh_obj=membership)

        assert str(added).startswith("Added on ")
        assert str(changed).startswith("Changed on ")
        assert f"{changed.pgh_created_at.year}" in str(changed)

    @pytest.mark.parametrize("model", [MembershipHistory, DishPriceHistory])
    def test_are_called_so_without_a_query(self, model: Any, django_assert_num_queries: Any) -> None:
        row = model(pgh_label="removed", pgh_created_at=timezone.now())

        with django_assert_num_queries(0):
            assert str(row).startswith("Removed on ")
