"""The host's screens in a real browser: barriers, dragging, keys, two hosts at once, and a network that goes away."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.services import add_member
from accounts.states import Role
from accounts.tests.pages import person, with_app
from bookings import services
from bookings.models import Booking, DeskAct
from bookings.states import Channel, Status
from restaurants.models import Restaurant
from tests.browser.looking import barriers, too_wide, watched
from tests.browser.test_admin import DESK, PHONE, TABLET, coming, log_in, size, staff, suya_spot

__all__ = ["suya_spot"]

pytestmark = pytest.mark.browser


def screen(home: str, restaurant: Restaurant, name: str) -> str:
    return f"{home}/admin/today/{restaurant.public_id}/{name}/"


def live(page: Any) -> None:
    page.wait_for_selector("#today[data-live=on]")


def table_of(booking: Booking) -> Any:
    return booking.allocations.get(live=True).table


def all_sent(page: Any) -> None:
    page.wait_for_selector('#today[data-waiting="0"]')


@pytest.fixture
def second_page(browser: Any, browser_context_args: dict[str, Any]) -> Iterator[Any]:
    context = browser.new_context(**browser_context_args)
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


class TestLookingAround:
    @pytest.mark.parametrize(
        ("language", "theme", "window"),
        [("ar", "light", PHONE), pytest.param("en", "dark", DESK, marks=pytest.mark.long)],
    )
    def test_the_screens_have_no_barriers(self, page, buka_server, suya_spot, language, theme, window) -> None:
        booking = coming(suya_spot, notes="No groundnuts")
        sitting = coming(suya_spot, 2, party_size=4)
        services.seat_party(booking=sitting, by=services.Actor.diner(None))
        size(page, window)
        page.emulate_media(color_scheme=theme)

        with watched(page, buka_server):
            log_in(page, buka_server, staff(suya_spot, language=language))
            for name in ("floor", "timeline", "week", "sheet", "floor/edit"):
                page.goto(screen(buka_server, suya_spot, name))
                page.wait_for_timeout(400)
                assert (name, barriers(page)) == (name, [])
                assert (name, too_wide(page)) == (name, 0)
            page.goto(screen(buka_server, suya_spot, "floor"))
            page.locator(f'.f-list a[data-open="{table_of(booking).pk}"]').click()
            page.wait_for_selector("#t-dialog[open] .f-party")
            page.locator("#t-dialog .t-fold summary").first.click()
            assert barriers(page) == []


class TestTwoHosts:
    def test_see_each_others_moves_and_the_second_is_told_who_was_first(
        self, page, second_page, buka_server, suya_spot
    ) -> None:
        booking = coming(suya_spot)
        first = staff(suya_spot, Role.HOST)
        second = with_app(person(email="chidi@example.com", name="Chidi at the door"))
        add_member(user=second, restaurant_id=suya_spot.pk, role=Role.HOST)
        for each, who in ((page, first), (second_page, second)):
            size(each, DESK)
            log_in(each, buka_server, who)
            each.goto(screen(buka_server, suya_spot, "floor"))
            live(each)
        key = table_of(booking).pk
        # Chidi has the party open, as it is now.
        second_page.locator(f'.f-list a[data-open="{key}"]').click()
        second_page.wait_for_selector("#t-dialog[open] .f-party")

        page.locator(f"#table-{key}").focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Arrived: Demo diner 1").click()

        second_page.wait_for_selector(f"#table-{key}.is-arrived", state="attached")
        second_page.get_by_role("button", name="Seat: Demo diner 1").click()
        second_page.wait_for_selector("#f-refused:not([hidden])")
        told = second_page.locator("#f-refused").inner_text()
        assert "Bisi at the desk" in told and "Arrived" in told
        booking.refresh_from_db()
        assert booking.status == Status.ARRIVED


class TestWithoutANetwork:
    def test_acts_wait_and_are_done_exactly_once(self, page, buka_server, suya_spot) -> None:
        booking = coming(suya_spot)
        size(page, TABLET)
        log_in(page, buka_server, staff(suya_spot, Role.HOST))
        page.goto(screen(buka_server, suya_spot, "floor"))
        live(page)
        key = table_of(booking).pk
        free = suya_spot.tables.exclude(pk=key).first()

        page.context.set_offline(True)
        for move in ("Arrived", "Seat"):
            page.locator(f'.f-list a[data-open="{key}"]').click()
            page.locator("#t-dialog").get_by_role("button", name=move, exact=True).click()
        page.locator(f'.f-list a[data-open="{free.pk}"]').click()
        page.locator("#f-offline-party").fill("2")
        page.locator("#t-dialog").get_by_role("button", name="Seat a walk-in here").click()
        page.wait_for_selector('#today[data-waiting="3"]')
        assert "Waiting: 3" in page.locator("#f-outbox").inner_text()
        assert page.locator(f"#table-{key}.is-seated.is-waiting").count() == 1
        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED

        # The first answer is lost on the way: the server has done it all, and the page does not know.
        lost: list[str] = []

        def lose_once(route: Any) -> None:
            if lost:
                route.continue_()
                return
            lost.append(route.fetch().text())
            route.abort()

        page.route("**/floor/acts/", lose_once)
        page.context.set_offline(False)
        all_sent(page)

        assert len(lost) == 1
        booking.refresh_from_db()
        assert (booking.status, booking.version, booking.history.count()) == (Status.SEATED, 3, 3)
        assert Booking.objects.filter(channel=Channel.WALK_IN).count() == 1
        assert (DeskAct.objects.count(), DeskAct.objects.filter(is_done=True).count()) == (3, 3)
        page.wait_for_selector(f"#table-{key}.is-seated:not(.is-waiting)")
        assert not page.locator("#f-refused").is_visible()

    def test_a_conflict_is_told_for_its_act_and_the_others_are_done(self, page, buka_server, suya_spot) -> None:
        taken, other = coming(suya_spot), coming(suya_spot, 2)
        size(page, DESK)
        log_in(page, buka_server, staff(suya_spot, Role.HOST))
        page.goto(screen(buka_server, suya_spot, "floor"))
        live(page)

        page.context.set_offline(True)
        for booking in (taken, other):
            page.locator(f'.f-list a[data-open="{table_of(booking).pk}"]').click()
            page.locator("#t-dialog").get_by_role("button", name="Arrived", exact=True).click()
        services.cancel_booking(booking=taken, by=services.Actor.diner(None))
        page.context.set_offline(False)
        all_sent(page)

        page.wait_for_selector("#f-refused:not([hidden])")
        assert "Cancelled" in page.locator("#f-refused").inner_text()
        other.refresh_from_db()
        assert other.status == Status.ARRIVED
        page.locator("#f-refused [data-seen]").click()
        assert not page.locator("#f-refused").is_visible()

    def test_the_page_opens_again_from_its_last_state(self, page, buka_server, suya_spot) -> None:
        booking = coming(suya_spot)
        size(page, TABLET)
        log_in(page, buka_server, staff(suya_spot, Role.HOST))
        page.goto(screen(buka_server, suya_spot, "floor"))
        live(page)
        page.wait_for_function(
            "async () => { const kept = await (await caches.open('buka-floor')).keys();"
            " return kept.some((each) => each.url.endsWith('/floor/'))"
            " && kept.some((each) => each.url.includes('floor')); }"
        )
        page.wait_for_timeout(1500)

        page.context.set_offline(True)
        page.reload()
        key = table_of(booking).pk
        page.locator(f'.f-list a[data-open="{key}"]').click()
        page.locator("#t-dialog").get_by_role("button", name="Arrived", exact=True).click()
        page.wait_for_selector('#today[data-waiting="1"]')
        page.context.set_offline(False)
        all_sent(page)

        booking.refresh_from_db()
        assert booking.status == Status.ARRIVED
        # Whoever uses the tablet next finds nothing of it.
        page.evaluate("document.getElementById('logout-form').requestSubmit()")
        page.wait_for_url(lambda url: "/today/" not in url)
        assert page.evaluate("caches.has('buka-floor')") is False


class TestTheTimeline:
    def drag(self, page: Any, bar: Any, *, right: float = 0, to_row: Any = None, drop: bool = True) -> None:
        box = bar.bounding_box()
        x, y = box["x"] + 12, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        target = to_row.bounding_box() if to_row is not None else None
        end_y = target["y"] + target["height"] / 2 if target else y
        page.mouse.move(x + 10, y, steps=2)
        page.mouse.move(x + right, end_y, steps=6)
        if drop:
            page.mouse.up()

    def test_parties_are_moved_and_conflicts_shown_before_the_drop(self, page, buka_server, suya_spot) -> None:
        first, second = coming(suya_spot, party_size=4), coming(suya_spot, 2, party_size=4)
        size(page, DESK)
        with watched(page, buka_server):
            log_in(page, buka_server, staff(suya_spot, Role.HOST))
            page.goto(screen(buka_server, suya_spot, "timeline"))
            live(page)
            bar = page.locator(f'a.l-bar[data-booking="{first.public_id}"]')
            bar.scroll_into_view_if_needed()
            taken = page.locator(f'.l-row[data-table="{table_of(second).pk}"]')
            free = suya_spot.tables.exclude(pk__in=[table_of(first).pk, table_of(second).pk]).get(max_party=6)

            self.drag(page, bar, to_row=taken, drop=False)
            page.wait_for_selector('.l-ghost[data-judged="taken"]')
            assert "taken by Demo diner 2" in page.locator("#l-preview").inner_text()
            page.mouse.up()
            first.refresh_from_db()
            assert first.version == 1

            self.drag(page, bar, to_row=page.locator(f'.l-row[data-table="{free.pk}"]'))
            page.wait_for_selector(
                f'.l-row[data-table="{free.pk}"] a.l-bar[data-booking="{first.public_id}"]:not(.l-ghost)'
            )
            assert barriers(page) == []

        first.refresh_from_db()
        assert (table_of(first), first.is_locked, first.version) == (free, True, 2)

    def test_keys_move_and_stretch(self, page, buka_server, suya_spot) -> None:
        booking = coming(suya_spot)
        started, ended = booking.starts_at, booking.ends_at
        size(page, DESK)
        with watched(page, buka_server):
            log_in(page, buka_server, staff(suya_spot, Role.HOST))
            page.goto(screen(buka_server, suya_spot, "timeline"))
            live(page)
            page.locator(f'a.l-bar[data-booking="{booking.public_id}"]').focus()
            for key in ("m", "ArrowRight", "Shift+ArrowRight", "Enter"):
                page.keyboard.press(key)
            page.wait_for_selector(f'a.l-bar[data-booking="{booking.public_id}"][data-version="2"]')

        booking.refresh_from_db()
        assert (booking.starts_at - started).total_seconds() == 15 * 60
        assert (booking.ends_at - ended).total_seconds() == 30 * 60


class TestTheEditor:
    def test_tables_are_dragged_and_moved_by_keys_and_kept(self, page, buka_server, suya_spot) -> None:
        size(page, DESK)
        first = suya_spot.tables.get(name="T1")
        with watched(page, buka_server):
            log_in(page, buka_server, staff(suya_spot))
            page.goto(screen(buka_server, suya_spot, "floor/edit"))
            shape = page.locator(f'.e-table[data-table="{first.pk}"]')
            before = float(page.locator(f'[name="x-{first.pk}"]').input_value())
            box = shape.bounding_box()
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            page.mouse.down()
            page.mouse.move(box["x"] + box["width"] / 2 + 120, box["y"] + box["height"] / 2, steps=5)
            page.mouse.up()
            dragged = float(page.locator(f'[name="x-{first.pk}"]').input_value())
            shape.focus()
            for key in ("ArrowRight", "Shift+ArrowDown", "r", "s"):
                page.keyboard.press(key)
            page.get_by_role("button", name="Keep the plan").click()
            page.wait_for_url("**/floor/edit/")
            page.wait_for_selector("text=The floor plan is kept.")
            plan = page.locator("#e-plan svg").bounding_box()
            page.mouse.move(plan["x"] + plan["width"] * 0.6, plan["y"] + plan["height"] * 0.25)
            page.mouse.down()
            page.mouse.move(plan["x"] + plan["width"] * 0.7, plan["y"] + plan["height"] * 0.33, steps=4)
            page.mouse.up()
            page.keyboard.type("New 1")
            page.keyboard.press("Enter")
            page.wait_for_selector("text=Table New 1 is on the plan.")

        new = suya_spot.tables.get(name="New 1")
        assert abs(new.x - 60) < 2 and abs(new.width - 10) < 2
        first.refresh_from_db()
        assert dragged > before + 3
        assert (first.x, first.rotation) == (dragged + 1, 15)
        assert first.height == 9 and first.shape != "square"


class TestTheQuickLine:
    def test_books_by_the_keyboard_alone(self, page, buka_server, suya_spot) -> None:
        size(page, DESK)
        soon = timezone.localtime(timezone.now() + timedelta(minutes=90))
        clock = soon.replace(minute=soon.minute // 15 * 15).strftime("%H:%M")
        with watched(page, buka_server):
            log_in(page, buka_server, staff(suya_spot, Role.HOST))
            page.goto(screen(buka_server, suya_spot, "floor"))
            live(page)
            page.keyboard.press("Alt+n")
            page.keyboard.type(f"4 {clock} Chidi Obi 0803 123 4567 wa, by the window")
            page.keyboard.press("Enter")
            page.wait_for_selector("text=Chidi Obi: booked.")
            assert page.locator("#f-line").input_value() == ""

        booking = Booking.objects.get()
        assert (booking.guest_name, booking.party_size, booking.channel) == ("Chidi Obi", 4, "whatsapp")
