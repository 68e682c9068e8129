"""The words of the API about reviews: what it takes in, and what the schema says it answers."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.api.fields import StrictSerializer, TextField
from restaurants.reviews.states import LEAST, LONGEST_ANSWER, LONGEST_TEXT, MOST, ReportReason

Words = StrictSerializer


def score() -> serializers.IntegerField:
    messages: dict[str, Any] = dict.fromkeys(
        ("invalid", "min_value", "max_value"), _("Write a whole number from 1 to 5.")
    )
    return serializers.IntegerField(min_value=LEAST, max_value=MOST, error_messages=messages)


class ScoresSerializer(Words):
    overall = score()
    food = score()
    service = score()
    ambience = score()
    value = score()


class ReviewChangeSerializer(ScoresSerializer):
    """What is said of a visit."""

    text = TextField(max_length=LONGEST_TEXT, required=False, allow_blank=True, help_text="Everybody can read it.")


class ReviewAskSerializer(ReviewChangeSerializer):
    booking = serializers.UUIDField(help_text="The completed visit. Without an account, send its token, too.")


class AnswerAskSerializer(Words):
    answer = TextField(max_length=LONGEST_ANSWER, allow_blank=True, help_text="Empty takes an earlier one back.")


class ReportAskSerializer(Words):
    reason = serializers.ChoiceField(ReportReason.choices)


class ReviewSerializer(ScoresSerializer):
    """A review as everybody reads it."""

    id = serializers.UUIDField()
    restaurant = serializers.UUIDField()
    author = serializers.CharField(help_text="The first name; empty when its author has been erased.")
    visited = serializers.RegexField(r"^\d{4}-\d{2}$", help_text="The month of the visit.")
    text = serializers.CharField()
    language = serializers.CharField(help_text="What it was written in.")
    answer = serializers.CharField(allow_null=True, help_text="The restaurant's.")
    answered_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)


class MeansSerializer(Words):
    count = serializers.IntegerField(help_text="How many reviews are published.")
    overall = serializers.FloatField(help_text="Means to a tenth.")
    food = serializers.FloatField()
    service = serializers.FloatField()
    ambience = serializers.FloatField()
    value = serializers.FloatField()


class ReviewPageSerializer(Words):
    results = ReviewSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    rating = MeansSerializer(allow_null=True)
