"""The host's screens in a real browser: barriers, dragging, keys, two hosts at once, and a network that goes away."""

import re
from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.services import add_member
from accounts.states import Role
from accounts.tests.pages import person, with_app
from bookings import services
from bookings.models import Booking, DeskAct
from bookings.selectors import service_day_of
from bookings.states import Channel, Status
from bookings.tests.factories import book, guest
from localization.formatting import time_of_day
from restaurants.models import Restaurant, SpecialDay
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


@pytest.fixture
def phone_page(browser: Any, browser_context_args: dict[str, Any]) -> Iterator[Any]:
    window = {"width": PHONE[0], "height": PHONE[1]}
    context = browser.new_context(**{**browser_context_args, "has_touch": True, "viewport": window})
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def finger(page: Any, x: float, y: float, *, right: float = 0, down: float = 0, rests: int = 0) -> None:
    """Put a finger down, let it rest for so many milliseconds, move it and take it away."""
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    send("touchStart", (x, y))
    page.wait_for_timeout(rests)
    for step in range(1, 9):
        send("touchMove", (x + right * step / 8, y + down * step / 8))
        page.wait_for_timeout(16)
    send("touchEnd")


def middle(thing: Any) -> tuple[float, float]:
    box = thing.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


class TestLookingAround:
    def test_the_plan_fits_a_desk_and_its_ring_follows_the_table(self, page, buka_server, suya_spot) -> None:
        size(page, DESK)
        log_in(page, buka_server, staff(suya_spot, Role.HOST))
        page.goto(screen(buka_server, suya_spot, "floor"))
        live(page)

        assert (
            page.evaluate(
                "() => { const box = document.querySelector('.f-plan'); return box.scrollWidth - box.clientWidth; }"
            )
            == 0
        )
        table = page.locator("a.f-table").first
        table.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        stroke = "(link) => getComputedStyle(link.querySelector('ellipse, rect')).stroke"
        assert table.evaluate("(link) => getComputedStyle(link).outlineStyle") == "none"
        assert table.evaluate(stroke) != page.locator("a.f-table").last.evaluate(stroke)

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

    def test_the_plan_shows_what_waits_and_offers_no_table_twice(self, page, buka_server, suya_spot) -> None:
        free = suya_spot.tables.get(name="T1")
        size(page, DESK)
        log_in(page, buka_server, staff(suya_spot, Role.HOST))
        page.goto(screen(buka_server, suya_spot, "floor"))
        live(page)
        row = page.locator(f'[data-row="{free.pk}"] span')
        counts = {name: page.locator(f".f-legend li.is-{name} b") for name in ("free", "seated")}
        before = {name: int(count.inner_text()) for name, count in counts.items()}
        assert row.inner_text().startswith("Free")

        page.context.set_offline(True)
        page.locator(f'.f-list a[data-open="{free.pk}"]').click()
        # A party larger than the table is seated knowingly only.
        page.locator("#f-offline-party").fill("3")
        page.locator("#t-dialog").get_by_role("button", name="Seat a walk-in here").click()
        assert "Too small: seats 1–2" in page.locator("#t-panel").inner_text()
        page.get_by_role("button", name="Leave it as it is").click()
        assert page.locator("#f-offline-party").input_value() == "3"
        page.locator("#f-offline-party").fill("2")
        page.locator("#t-dialog").get_by_role("button", name="Seat a walk-in here").click()
        page.wait_for_selector('#today[data-waiting="1"]')

        assert row.inner_text() == "Seated · Walk-in of 2"
        assert int(counts["free"].inner_text()) == before["free"] - 1
        assert int(counts["seated"].inner_text()) == before["seated"] + 1
        page.locator(f'.f-list a[data-open="{free.pk}"]').click()
        assert page.locator("#f-offline-party").count() == 0
        assert "not sent yet" in page.locator("#t-panel").inner_text()
        page.keyboard.press("Escape")

        page.locator("#f-minute").evaluate(
            "(range) => { range.value = range.max; range.dispatchEvent(new Event('input', {bubbles: true})); }"
        )
        assert "now" not in page.locator("#f-at").inner_text()
        page.wait_for_function("document.getElementById('f-at').textContent.includes('the plan shows')")
        page.context.set_offline(False)
        all_sent(page)

    def test_the_quick_line_keeps_its_text_and_opens_no_table(self, page, buka_server, suya_spot) -> None:
        size(page, DESK)
        log_in(page, buka_server, staff(suya_spot, Role.HOST))
        page.goto(screen(buka_server, suya_spot, "floor"))
        live(page)
        page.locator(".f-list a[data-open]").first.click()
        page.wait_for_selector("#t-dialog[open]")
        page.keyboard.press("Escape")

        page.context.set_offline(True)
        page.locator("#f-line").fill("2 20:00 Ada")
        page.locator("#f-line").press("Enter")

        page.wait_for_selector("#f-line-said:not([hidden])")
        assert "a booking needs it" in page.locator("#f-line-said").inner_text()
        assert page.locator("#f-line").input_value() == "2 20:00 Ada"
        assert page.locator("#t-dialog[open]").count() == 0

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
        assert "Demo diner 1, table" in page.locator("#f-refused").inner_text()
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
            # Times in the words of the page: "2:00 pm", where browsers would say "2:00 PM".
            assert re.search(r"\d:\d\d [ap]m to ", page.locator("#l-preview").inner_text())
            afternoon = "bukaDesk.clock(new Date('2026-12-04T13:00:00Z'))"
            assert page.evaluate(afternoon) == time_of_day(time(14))
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

    def test_what_is_shown_is_what_happens(self, page, buka_server, suya_spot) -> None:
        last = suya_spot.tables.get(max_party=6)
        booking = coming(suya_spot)
        services.change_booking(
            booking=booking, by=services.Actor.staff(staff(suya_spot, Role.HOST)), table_ids=[last.pk]
        )
        Booking.objects.update(is_locked=False)
        size(page, DESK)
        log_in(page, buka_server, booking.history.last().actor)
        page.goto(screen(buka_server, suya_spot, "timeline"))
        live(page)
        bar = page.locator(f'a.l-bar[data-booking="{booking.public_id}"]')
        bar.scroll_into_view_if_needed()

        self.drag(page, bar, right=60, drop=False)
        assert page.locator("#l-preview").inner_text().startswith(last.name)
        # News that come while the bar is held do not take it out of the hand.
        page.evaluate("document.body.dispatchEvent(new Event('buka-today'))")
        page.wait_for_timeout(500)
        page.mouse.up()

        page.wait_for_selector(f'a.l-bar[data-booking="{booking.public_id}"][data-version="3"]')
        assert table_of(booking) == last

    def test_news_under_a_finger_that_has_not_moved_yet_wait(self, page, buka_server, suya_spot) -> None:
        booking = coming(suya_spot, party_size=4)
        size(page, DESK)
        with watched(page, buka_server):
            log_in(page, buka_server, staff(suya_spot, Role.HOST))
            page.goto(screen(buka_server, suya_spot, "timeline"))
            live(page)
            bar = page.locator(f'a.l-bar[data-booking="{booking.public_id}"]')
            bar.scroll_into_view_if_needed()
            box = bar.bounding_box()
            page.mouse.move(box["x"] + 12, box["y"] + 12)
            page.mouse.down()
            page.evaluate("document.body.dispatchEvent(new Event('buka-today'))")
            page.wait_for_timeout(800)
            page.mouse.move(box["x"] + 72, box["y"] + 12, steps=4)
            assert page.locator(".l-ghost").count() == 1
            page.mouse.up()
            page.wait_for_selector(f'a.l-bar[data-booking="{booking.public_id}"][data-version="2"]')

    def test_too_small_a_table_and_too_many_at_once_are_meant_or_left(self, page, buka_server, suya_spot) -> None:
        booking = coming(suya_spot, party_size=4)
        small = suya_spot.tables.get(name="T1")
        size(page, DESK)
        with watched(page, buka_server):
            log_in(page, buka_server, staff(suya_spot, Role.HOST))
            page.goto(screen(buka_server, suya_spot, "timeline"))
            live(page)
            bar = page.locator(f'a.l-bar[data-booking="{booking.public_id}"]')
            bar.scroll_into_view_if_needed()
            for answer in ("Leave it as it is", "Do it anyway"):
                self.drag(page, bar, to_row=page.locator(f'.l-row[data-table="{small.pk}"]'), drop=False)
                page.wait_for_selector('.l-ghost[data-judged="small"]')
                assert "too small, seats 1–2" in page.locator("#l-preview").inner_text()
                page.mouse.up()
                page.wait_for_selector("#t-dialog[open]")
                assert barriers(page) == []
                page.get_by_role("button", name=answer).click()
            page.wait_for_selector(f'a.l-bar[data-booking="{booking.public_id}"][data-version="2"]')
        assert table_of(booking) == small

        suya_spot.shifts.update(max_covers_per_slot=4)
        later = book(suya_spot, starts_at=booking.starts_at + timedelta(minutes=30), guest=guest(2), party_size=4)
        Restaurant.objects.filter(pk=suya_spot.pk).update(plan_version=F("plan_version") + 1)
        page.reload()
        live(page)
        bar = page.locator(f'a.l-bar[data-booking="{booking.public_id}"]')
        bar.focus()
        for key in ("m", "ArrowRight", "ArrowRight", "Enter"):
            page.keyboard.press(key)
        page.wait_for_selector("#t-dialog[open]")
        assert "8 of 4 covers start then" in page.locator("#t-panel").inner_text()
        page.get_by_role("button", name="Do it anyway").click()
        page.wait_for_selector(f'a.l-bar[data-booking="{booking.public_id}"][data-version="3"]')
        booking.refresh_from_db()
        assert booking.starts_at == later.starts_at

    def test_begins_at_the_first_hour_of_a_closed_day_that_is_over(self, page, buka_server, suya_spot) -> None:
        size(page, PHONE)
        SpecialDay.objects.create(restaurant=suya_spot, date=service_day_of(suya_spot.pk), name="Eid", is_closed=True)
        Restaurant.objects.filter(pk=suya_spot.pk).update(plan_version=F("plan_version") + 1)
        log_in(page, buka_server, staff(suya_spot, Role.HOST))

        # The clock stands beyond the hours that are shown, before the page's own scripts look at it.
        page.add_init_script(
            "document.addEventListener('readystatechange', () => {"
            " const box = document.getElementById('l-timeline');"
            " if (box && document.readyState === 'interactive') box.dataset.now = '700'; });"
        )
        page.goto(screen(buka_server, suya_spot, "timeline"))
        live(page)

        box = page.locator("#l-timeline")
        assert box.evaluate("(box) => [JSON.parse(box.dataset.rules).slots.length, box.scrollLeft]") == [0, 0]
        assert box.evaluate("(box) => box.scrollWidth > box.clientWidth")

    def test_a_finger_scrolls_and_takes_hold_by_a_long_press_only(self, phone_page, buka_server, suya_spot) -> None:
        page, booking = phone_page, coming(suya_spot)
        log_in(page, buka_server, staff(suya_spot, Role.HOST))
        page.goto(screen(buka_server, suya_spot, "timeline"))
        live(page)
        bar = page.locator(f'a.l-bar[data-booking="{booking.public_id}"]')
        bar.scroll_into_view_if_needed()
        scrolled = "() => document.getElementById('l-timeline').scrollLeft"
        before = page.evaluate(scrolled)

        x, y = middle(bar)
        finger(page, x, y, right=-100)
        page.wait_for_function(f"({scrolled})() > {before} + 40")
        assert page.locator(".l-ghost").count() == 0 and page.locator("#t-dialog[open]").count() == 0
        booking.refresh_from_db()
        assert booking.version == 1

        bar.scroll_into_view_if_needed()
        x, y = middle(bar)
        finger(page, x, y, right=60, rests=700)
        page.wait_for_selector("#t-dialog[open]")
        assert "Move them there?" in page.locator("#t-panel").inner_text()
        page.get_by_role("button", name="Move", exact=True).click()
        page.wait_for_selector(f'a.l-bar[data-booking="{booking.public_id}"][data-version="2"]')

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

    def test_a_finger_leafs_through_the_plan_and_tables_on_one_another_are_named(
        self, phone_page, buka_server, suya_spot
    ) -> None:
        page = phone_page
        first, second = (suya_spot.tables.get(name=name) for name in ("T1", "T2"))
        log_in(page, buka_server, staff(suya_spot))
        page.goto(screen(buka_server, suya_spot, "floor/edit"))
        shape = page.locator(f'.e-table[data-table="{first.pk}"]')
        shape.scroll_into_view_if_needed()
        field = page.locator(f'[name="x-{first.pk}"]')
        before = field.input_value()
        scrolled = "() => document.getElementById('e-plan').scrollLeft + scrollY"
        stood = page.evaluate(scrolled)

        x, y = middle(shape)
        finger(page, x, y, down=-120)
        page.wait_for_function(f"({scrolled})() > {stood} + 40")
        assert field.input_value() == before

        shape.scroll_into_view_if_needed()
        x, y = middle(shape)
        over_x, over_y = middle(page.locator(f'.e-table[data-table="{second.pk}"]'))
        finger(page, x, y, right=over_x - x, down=over_y - y, rests=700)
        assert field.input_value() != before
        assert "On top of one another: T1 and T2" in page.locator("#e-said").inner_text()
        assert page.locator(".e-table.is-overlapping").count() == 2


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
