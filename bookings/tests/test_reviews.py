"""Reviews: only after a visit, once, for a while; the sums agree with the rows, whoever writes at once."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import access, errors
from bookings.models import HouseGuest
from bookings.services import Guest, reviews
from bookings.tests.factories import at, book, guest, visit
from bookings.tests.test_race import at_once
from core.audit.models import AuditEvent
from core.states import IllegalMove
from core.testing import work_off_outbox
from notifications.models import Message
from restaurants.reviews import selectors, services
from restaurants.reviews.errors import AlreadyReviewed, TooLateToEdit, TooLateToReview
from restaurants.reviews.models import Rating, Review
from restaurants.reviews.states import ReviewStatus
from restaurants.tests.factories import house

SCORES = {"overall": 5, "food": 4, "service": 3, "ambience": 2, "value": 1}
ADA = Guest("Ada Obi", "+2348031234567", "ada@example.com")


def later(**more: float) -> "time_machine.travel":
    """Let it be some time after the visit."""
    return time_machine.travel(at("20:30") + timedelta(**more), tick=True)


@pytest.fixture
def place(db):
    return house(name="Suya Spot", slug="suya-spot", tables=(2, 2, 4))


@pytest.fixture
def came(place):
    return visit(place, guest=ADA)


@pytest.fixture
def review(came):
    with later(hours=1):
        return reviews.review_visit(booking=came, scores=SCORES, text="Good suya.")


def sums(place) -> tuple[int, ...]:
    row = Rating.objects.get(pk=place.pk)
    return row.count, row.overall_sum, row.food_sum, row.service_sum, row.ambience_sum, row.value_sum


class TestWriting:
    def test_only_after_a_completed_visit_once_and_within_sixty_days(self, place, came):
        coming = book(place, "20:30", guest=guest(2))
        with pytest.raises(errors.NoVisitYet):
            reviews.review_visit(booking=coming, scores=SCORES)
        with later(days=61), pytest.raises(TooLateToReview):
            reviews.review_visit(booking=came, scores=SCORES)
        with later(days=59):
            written = reviews.review_visit(booking=came, scores=SCORES, text="Good suya.")
            with pytest.raises(AlreadyReviewed):
                reviews.review_visit(booking=came, scores=SCORES)

        assert (written.author_name, written.visited_on) == ("Ada", at().date())
        assert sums(place) == (1, 5, 4, 3, 2, 1)

    def test_can_be_changed_for_a_day(self, place, came, review):
        better = dict.fromkeys(SCORES, 4)
        with later(hours=24):
            reviews.edit_review(booking=came, scores=better, text="Even better.")
        with later(hours=26), pytest.raises(TooLateToEdit):
            reviews.edit_review(booking=came, scores=SCORES, text="No.")

        review.refresh_from_db()
        assert (review.text, review.edited_at is not None) == ("Even better.", True)
        assert sums(place) == (1, 4, 4, 4, 4, 4)


class TestModerating:
    def test_what_is_taken_down_counts_no_more_and_again_when_it_is_back(self, place, review):
        admin = UserFactory(is_superuser=True)
        services.report_review(review=review, by=UserFactory(), reason="hate")
        with pytest.raises(services.errors.ModerationReasonMissing):
            services.moderate_review(review=review, by=admin, status=ReviewStatus.HIDDEN, reason=" ")

        hidden = services.moderate_review(review=review, by=admin, status=ReviewStatus.HIDDEN, reason="Looked at")
        assert sums(place) == (0, 0, 0, 0, 0, 0)
        assert list(selectors.published(place.pk)) == []
        assert not review.reports.filter(settled_at=None).exists()
        removed = services.moderate_review(review=hidden, by=admin, status=ReviewStatus.REMOVED, reason="Insults")
        assert sums(place) == (0, 0, 0, 0, 0, 0)
        with pytest.raises(IllegalMove):
            services.moderate_review(review=removed, by=admin, status=ReviewStatus.HIDDEN, reason="x")
        services.moderate_review(review=removed, by=admin, status=ReviewStatus.PUBLISHED, reason="A mistake")

        assert sums(place) == (1, 5, 4, 3, 2, 1)
        assert AuditEvent.objects.filter(action="review.moderated").count() == 3

    def test_the_platform_decides_in_the_back_office_and_the_house_answers(self, place, review):
        house_office, platform = Client(), Client()
        log_in(house_office, member(place.pk, Role.MANAGER))
        log_in(platform, UserFactory(is_superuser=True, is_staff=True))
        row = reverse("admin:reviews_review_change", args=[review.pk])
        actions = reverse("admin:reviews_review_changelist")
        hide = {"action": "hide", "_selected_action": [review.pk], "reason": "Looked at"}

        house_office.post(actions, hide)
        assert Review.objects.get().status == ReviewStatus.PUBLISHED
        assert house_office.post(row, {"answer": "Thank you!"}).status_code == 302
        assert 'value="hide"' not in house_office.get(row).content.decode()
        # On its own page the buttons are those of the list, which then asks why.
        assert 'name="action" value="hide"' in platform.get(row).content.decode()
        asked = platform.post(actions, {"action": "hide", "_selected_action": [review.pk], "index": "0"})
        assert 'name="reason"' in asked.content.decode()
        platform.post(actions, hide)

        assert (Review.objects.get().status, Review.objects.get().answer) == (ReviewStatus.HIDDEN, "Thank you!")
        log_in(other := Client(), member(house().pk, Role.OWNER))
        assert other.get(row).status_code in (302, 404)


class TestTheSums:
    def test_what_disagrees_is_named_and_mended(self, place, review):
        Rating.objects.update(count=2, overall_sum=7, food_sum=7, service_sum=7, ambience_sum=7, value_sum=7)

        with pytest.raises(CommandError, match="1 ratings"):
            call_command("check_ratings")
        call_command("check_ratings", "--mend")
        call_command("check_ratings")

        assert sums(place) == (1, 5, 4, 3, 2, 1)

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.race
    def test_agree_with_the_rows_however_many_write_change_and_take_down_at_once(self):
        place = house(tables=(2,) * 8)
        visits = [visit(place, guest=guest(number)) for number in range(8)]
        admin = UserFactory(is_superuser=True)
        with later(hours=1):
            standing = [reviews.review_visit(booking=each, scores=SCORES) for each in visits[:4]]

            def write(number: int):
                return lambda: reviews.review_visit(booking=visits[number], scores=dict.fromkeys(SCORES, 3))

            outcomes = at_once(
                *(write(number) for number in (4, 5, 6, 7, 4, 5)),
                *(
                    lambda row=row: services.edit_review(review=row, scores=dict.fromkeys(SCORES, 2), text="")
                    for row in standing[:2]
                ),
                *(
                    lambda row=row: services.moderate_review(
                        review=row, by=admin, status=ReviewStatus.REMOVED, reason="x"
                    )
                    for row in standing[1:]
                ),
                lambda: services.mend(place.pk),
            )

        assert sum(isinstance(outcome, AlreadyReviewed) for outcome in outcomes) == 2
        assert services.out_of_step() == {}
        assert Rating.objects.get(pk=place.pk).count == Review.objects.filter(status="published").count()


class TestPages:
    def test_a_guest_comes_by_the_link_in_the_mail_writes_and_reads_it(self, client, place):
        came = visit(place, guest=ADA)
        with later(minutes=5):
            work_off_outbox()
            mail = Message.objects.get(kind="booking.thanks")
            link = f"{reverse('bookings:review', args=[came.public_id])}?token={access.token_for(came)}"
            assert link in mail.body_text

            client.get(link)
            page = client.get(reverse("bookings:review", args=[came.public_id]))
            assert "Publish the review" in page.content.decode()
            half = client.post(reverse("bookings:review", args=[came.public_id]), {"overall": 5})
            assert half.status_code == 422
            done = client.post(
                reverse("bookings:review", args=[came.public_id]), {**SCORES, "text": "Good <b>suya</b>."}, follow=True
            )

        assert "Your review is published" in done.content.decode()
        shown = Client().get(reverse("bookings:restaurant", args=[place.slug])).content.decode()
        assert "Good &lt;b&gt;suya&lt;/b&gt;." in shown
        assert '"aggregateRating": {"@type": "AggregateRating", "ratingValue": 5.0, "ratingCount": 1' in shown
        assert "Obi" not in shown
        found = Client().get(reverse("bookings:search"), {"q": "suya"}).content.decode()
        assert "Rated 5.0 of 5" in found or "Rated 5 of 5" in found
        assert "Good" in Client().get(reverse("bookings:reviews", args=[place.slug])).content.decode()

    def test_strangers_find_nothing_to_write_about(self, came):
        where = reverse("bookings:review", args=[came.public_id])

        assert Client().get(where).status_code == 404
        assert Client().post(where, {**SCORES, "text": ""}).status_code == 404
        assert not Review.objects.exists()

    def test_whoever_wants_no_thanks_gets_none_at_any_house(self, client, place):
        came = visit(place, guest=ADA)
        where = f"{reverse('bookings:no_thanks', args=[came.public_id])}?token={access.token_for(came)}"
        assert client.get(where).status_code == 200
        assert not HouseGuest.objects.filter(wants_no_thanks=True).exists()

        client.post(where)
        visit(house(), guest=ADA)
        with later(minutes=5):
            work_off_outbox()

        assert not Message.objects.filter(kind="booking.thanks").exists()

    def test_the_list_goes_on_by_a_cursor(self, place, django_assert_max_num_queries):
        now = timezone.now()
        for number in range(25):
            row = Review.objects.create(
                restaurant=place,
                booking_id=place.public_id.__class__(int=number),
                visited_on=now.date(),
                **SCORES,
                text=f"Number {number:02}.",
            )
            Review.objects.filter(pk=row.pk).update(created_at=now - timedelta(minutes=number))
        services.mend(place.pk)
        where = reverse("bookings:reviews", args=[place.slug])

        with django_assert_max_num_queries(3):
            first = Client().get(where)
        second = Client().get(where, {"after": first.context["next"]})

        assert "Number 19." in first.content.decode()
        assert "Number 20." not in first.content.decode()
        assert "Number 20." in second.content.decode()
        assert second.context["next"] is None
        assert Client().get(where, {"after": "nonsense"}).status_code == 200


class TestTheApi:
    def url(self, place) -> str:
        return f"/api/restaurants/{place.public_id}/reviews"

    def test_a_guest_with_the_bookings_token_writes_once_and_everybody_reads(self, place, came):
        stranger = Client(content_type="application/json")
        body = json.dumps({"booking": str(came.public_id), **SCORES, "text": "Good suya."})
        token = {"x-booking-token": access.token_for(came), "idempotency-key": "a-key-nobody-else-has"}

        with later(hours=1):
            shut = stranger.generic("POST", self.url(place), body, content_type="application/json")
            first = stranger.generic("POST", self.url(place), body, content_type="application/json", headers=token)
            again = stranger.generic("POST", self.url(place), body, content_type="application/json", headers=token)
            twice = stranger.generic(
                "POST",
                self.url(place),
                body,
                content_type="application/json",
                headers={"x-booking-token": token["x-booking-token"]},
            )

        assert (shut.status_code, first.status_code, again.status_code) == (401, 201, 201)
        assert first.json()["id"] == again.json()["id"]
        assert (twice.status_code, twice.json()["code"]) == (409, "review_written_already")
        read = Client().get(self.url(place)).json()
        assert [row["text"] for row in read["results"]] == ["Good suya."]
        assert read["rating"] == {"count": 1, **{name: float(score) for name, score in SCORES.items()}}
        assert Client().get(f"/api/restaurants/{place.public_id}").json()["rating"] == {"mean": 5.0, "count": 1}

    def test_refuses_another_houses_visit_and_scores_that_are_none(self, place, came):
        diner = Client()
        headers = {"x-booking-token": access.token_for(came)}
        elsewhere = house()

        for where, scores, status in ((elsewhere, SCORES, 404), (place, {**SCORES, "food": 6}, 400)):
            body = json.dumps({"booking": str(came.public_id), **scores})
            answer = diner.generic("POST", self.url(where), body, content_type="application/json", headers=headers)
            assert answer.status_code == status
        assert not Review.objects.exists()

    def test_the_author_changes_the_house_answers_and_anybody_reports(self, place, came, review):
        where = f"/api/reviews/{review.public_id}"
        manager, host, reader = Client(), Client(), Client()
        log_in(manager, member(place.pk, Role.MANAGER))
        log_in(host, member(place.pk, Role.HOST))
        log_in(reader, UserFactory())
        answer, report = json.dumps({"answer": "Thank you!"}), json.dumps({"reason": "private"})
        changed = json.dumps({**SCORES, "overall": 4})

        with later(hours=2):
            assert reader.patch(where, changed, content_type="application/json").status_code == 404
            own = Client().patch(
                where, changed, content_type="application/json", headers={"x-booking-token": access.token_for(came)}
            )
            assert host.put(f"{where}/answer", answer, content_type="application/json").status_code == 403
            assert manager.put(f"{where}/answer", answer, content_type="application/json").status_code == 200
            for _time in range(2):
                assert reader.post(f"{where}/report", report, content_type="application/json").status_code == 204

        assert own.json()["overall"] == 4
        assert Client().get(where).json()["answer"] == "Thank you!"
        assert review.reports.count() == 1

    def test_reads_a_page_in_a_fixed_number_of_queries(self, place, review, django_assert_max_num_queries):
        with django_assert_max_num_queries(2):
            assert Client().get(self.url(place)).status_code == 200
