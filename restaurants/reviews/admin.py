"""Reviews in the back office: houses read and answer theirs, the platform's people decide what may not stand."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.doors import person_of
from accounts.scoping import OwnRowsFilter, ScopedPage
from accounts.selectors import may_on_platform
from accounts.states import Ability
from core.errors import DomainError
from core.forms import TextField
from localization import formatting
from restaurants.reviews import services
from restaurants.reviews.models import Review, ReviewReport
from restaurants.reviews.states import ASPECTS, LONGEST_ANSWER, MACHINE, MOST, ReviewStatus


class AnswerForm(forms.ModelForm):
    answer = TextField(
        label=_("The restaurant's answer"),
        required=False,
        max_length=LONGEST_ANSWER,
        help_text=_("Everybody reads it below the review."),
        widget=UnfoldAdminTextareaWidget({"rows": 4}),
    )

    class Meta:
        model = Review
        fields = ["answer"]


class ReportedFilter(admin.SimpleListFilter):
    """Those that somebody has reported and nobody has decided."""

    title = _("reported")
    parameter_name = "reported"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[Any]:
        return [("1", _("Waiting for a decision"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(is_reported=True) if self.value() == "1" else queryset


@admin.register(Review)
class ReviewAdmin(ScopedPage, ModelAdmin):
    sees = Ability.ANSWER_REVIEWS
    edits = Ability.ANSWER_REVIEWS
    shows_people = True
    form = AnswerForm
    list_display = ["stars", "author_name", "restaurant", "visited_on", "shown_status", "has_answer", "reported"]
    list_filter = [("restaurant", OwnRowsFilter), "status", ReportedFilter, "overall"]
    list_select_related = ["restaurant"]
    search_fields = ["text", "author_name"]
    ordering = ["-created_at", "-pk"]
    actions = ["hide", "remove", "publish", "leave"]
    change_form_after_template = "admin/reviews/moderate.html"
    fields = [
        "restaurant", "author_name", "visited_on", *ASPECTS, "text", "status", "status_reason", "reasons", "answer",
        "answered_at", "created_at", "edited_at",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        waiting = ReviewReport.objects.filter(review=OuterRef("pk"), settled_at=None)
        return super().get_queryset(request).annotate(is_reported=Exists(waiting))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for name in self.fields if name != "answer"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        review = kwargs.get("obj")
        if review is not None and self.has_moderate_permission(request):
            context["decisions"] = [
                (action, label)
                for action, status, label in (
                    ("hide", ReviewStatus.HIDDEN, _("Hide…")),
                    ("remove", ReviewStatus.REMOVED, _("Remove…")),
                    ("publish", ReviewStatus.PUBLISHED, _("Publish again…")),
                )
                if MACHINE.allows(review.status, status)
            ]
        return super().render_change_form(request, context, *args, **kwargs)

    def has_moderate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_on_platform(request.user, Ability.MODERATE_REVIEWS)

    @display(description=_("overall"), ordering="overall")
    def stars(self, review: Review) -> str:
        return f"{review.overall}/{MOST}"

    @display(
        description=_("status"),
        ordering="status",
        label={"published": "success", "hidden": "warning", "removed": "danger"},
    )
    def shown_status(self, review: Review) -> tuple[str, str]:
        return review.status, review.get_status_display()

    @display(description=_("answered"), boolean=True)
    def has_answer(self, review: Review) -> bool:
        return bool(review.answer)

    @display(description=_("reported because"))
    def reasons(self, review: Review) -> str:
        open_reports = review.reports.filter(settled_at=None).order_by("reported_at")
        return formatting.list_of(each.get_reason_display() for each in open_reports) or "–"

    @display(description=_("reported"), boolean=True)
    def reported(self, review: Any) -> bool:
        return bool(review.is_reported)

    def save_model(self, request: HttpRequest, obj: Review, form: Any, change: bool) -> None:
        services.answer_review(review=obj, by=person_of(request), answer=form.cleaned_data["answer"])

    # --- Deciding ------------------------------------------------------------------------------------------------

    @admin.action(description=_("Hide…"), permissions=["moderate"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Review]) -> HttpResponse | None:
        return self._decide(request, queryset, "hide", ReviewStatus.HIDDEN)

    @admin.action(description=_("Remove…"), permissions=["moderate"])
    def remove(self, request: HttpRequest, queryset: QuerySet[Review]) -> HttpResponse | None:
        return self._decide(request, queryset, "remove", ReviewStatus.REMOVED)

    @admin.action(description=_("Publish again…"), permissions=["moderate"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Review]) -> HttpResponse | None:
        return self._decide(request, queryset, "publish", ReviewStatus.PUBLISHED)

    @admin.action(description=_("Leave standing"), permissions=["moderate"])
    def leave(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        for review in queryset:
            services.leave_standing(review=review, by=person_of(request))
        self.message_user(request, _now("What was reported is settled."), messages.SUCCESS)

    def _decide(
        self, request: HttpRequest, queryset: QuerySet[Review], action: str, status: ReviewStatus
    ) -> HttpResponse | None:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            context = {
                **self.admin_site.each_context(request),
                "title": status.label,
                "reviews": queryset,
                "action": action,
                "was_empty": "reason" in request.POST,
                "opts": self.opts,
            }
            return render(request, "admin/reviews/decide.html", context)
        done = 0
        for review in queryset:
            try:
                services.moderate_review(review=review, by=person_of(request), status=status, reason=reason)
            except DomainError as refusal:
                self.message_user(request, f"{review}: {refusal}", messages.ERROR)
            else:
                self.log_change(request, review, str(status.label))
                done += 1
        if done:
            self.message_user(request, _now("Reviews decided: %(count)d") % {"count": done}, messages.SUCCESS)
        return None
