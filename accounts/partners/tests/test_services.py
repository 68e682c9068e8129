"""What can be done to apps: all of it, or nothing."""

import pytest

from accounts.partners import services
from accounts.partners.states import AppStatus, Plan, Scope
from accounts.partners.tests.factories import an_app
from accounts.tests.factories import UserFactory
from core.audit.models import AuditEvent
from core.errors import InvalidInput

pytestmark = pytest.mark.django_db


class TestChangeApp:
    def test_changes_facts_and_status_together(self):
        app, _secret = an_app()

        changed = services.change_app(
            app=app, by=UserFactory(), status=AppStatus.SUSPENDED, plan=Plan.VOLUME, scopes=[Scope.MENU_READ]
        )

        changed.refresh_from_db()
        assert (changed.status, changed.plan, changed.allowed_scopes()) == ("suspended", "volume", ["menu:read"])
        told = AuditEvent.objects.filter(target_id=str(app.public_id)).order_by("pk").values_list("action", flat=True)
        assert list(told) == ["partner.registered", "partner.suspended", "partner.changed"]

    def test_a_refusal_leaves_everything_as_it_was(self):
        app, _secret = an_app()

        with pytest.raises(InvalidInput):
            services.change_app(app=app, by=UserFactory(), status=AppStatus.SUSPENDED, name="New", scopes=["no:such"])

        app.refresh_from_db()
        assert (app.status, app.name) == (AppStatus.ACTIVE, "Table Talk")
        assert not AuditEvent.objects.filter(action__in=["partner.suspended", "partner.changed"]).exists()

    def test_suspending_what_is_suspended_changes_the_rest(self):
        app, _secret = an_app()
        services.suspend_app(app=app, by=UserFactory())

        changed = services.change_app(app=app, by=UserFactory(), status=AppStatus.SUSPENDED, name="New")

        assert (changed.status, changed.name) == (AppStatus.SUSPENDED, "New")
