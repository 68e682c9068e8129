import base64
from datetime import timedelta
from functools import partial

import pytest
from allauth.idp.oidc.models import Client as OAuthClient
from allauth.idp.oidc.models import Token
from django.contrib.auth.hashers import check_password
from django.utils import timezone

from accounts.partners import oauth, services
from accounts.partners.access import LIMITS
from accounts.partners.errors import SecretJustMade
from accounts.partners.models import PartnerApp
from accounts.partners.states import BETWEEN_ROTATIONS, OVERLAP, Plan, Scope
from accounts.partners.tests.factories import an_app, bearing, fetch_token, post_form
from accounts.tests.factories import UserFactory
from core.audit.models import AuditEvent

pytestmark = pytest.mark.django_db
WEBHOOKS = "/api/partners/webhooks"


def ask(client, app, secret, **more):
    form = {"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": secret, **more}
    return post_form(client, "/api/oauth/token", form)


def opens(client, token):
    return client.get(WEBHOOKS, headers=bearing(token)).status_code


class TestGetAToken:
    def test_for_credentials_in_the_form(self, client):
        app, secret = an_app(scopes=[Scope.MENU_READ, Scope.WEBHOOKS_MANAGE])

        answer = ask(client, app, secret)

        assert answer.status_code == 200
        assert answer["Cache-Control"] == "no-store"
        body = answer.json()
        assert body["token_type"] == "Bearer"
        assert body["expires_in"] == 3600
        assert set(body["scope"].split()) == {"menu:read", "webhooks:manage"}
        assert "refresh_token" not in body
        assert opens(client, body["access_token"]) == 200

    def test_for_credentials_in_the_header(self, client):
        app, secret = an_app()
        basic = base64.b64encode(f"{app.client_id}:{secret}".encode()).decode()

        answer = post_form(
            client,
            "/api/oauth/token",
            {"grant_type": "client_credentials"},
            headers={"authorization": f"Basic {basic}"},
        )

        assert answer.status_code == 200

    def test_neither_token_nor_secret_is_stored_as_it_is(self, client, settings):
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.BCryptSHA256PasswordHasher"]
        app, secret = an_app()
        token = ask(client, app, secret).json()["access_token"]

        stored = Token.objects.get(client_id=app.client_id)
        kept = OAuthClient.objects.get(pk=app.client_id)

        assert token.removeprefix("bpt_") not in stored.hash
        assert secret not in kept.secret
        assert kept.secret.startswith("bcrypt_sha256$$2b$12$")
        assert stored.user is None

    def test_nobody_smuggles_a_person_into_it(self, client):
        app, secret = an_app()
        person = UserFactory()

        answer = ask(client, app, secret, user=person.pk, access_token="mine", refresh_token="mine")

        assert answer.status_code == 200
        assert Token.objects.get(client_id=app.client_id).user is None

    @pytest.mark.parametrize(
        ("changes", "status", "error"),
        [
            ({"client_secret": "bps_wrong"}, 401, "invalid_client"),
            ({"client_secret": ""}, 401, "invalid_client"),
            ({"client_secret": "x" * 5000}, 401, "invalid_client"),
            ({"client_id": "buka-nobody"}, 401, "invalid_client"),
            ({"client_id": "nul\0nul"}, 401, "invalid_client"),
            ({"client_id": "ü" * 200}, 401, "invalid_client"),
            ({"grant_type": "password"}, 400, "unsupported_grant_type"),
            ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
            ({"grant_type": ""}, 400, None),
            ({"scope": "openid"}, 400, "invalid_scope"),
            ({"scope": "bookings:write"}, 400, "invalid_scope"),
            ({"scope": "menu:read \0"}, 400, "invalid_scope"),
        ],
    )
    def test_refuses(self, client, changes, status, error):
        app, secret = an_app(scopes=[Scope.MENU_READ])

        answer = ask(client, app, secret, **changes)

        assert answer.status_code == status
        assert answer["Content-Type"] == "application/json"
        if error:
            assert answer.json()["error"] == error
        if status == 401:
            assert answer["WWW-Authenticate"].startswith("Basic")
        assert not Token.objects.exists()

    def test_refuses_what_is_no_form(self, client):
        app, secret = an_app()
        body = {"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": secret}

        assert client.post("/api/oauth/token", body, content_type="application/json").status_code == 415
        assert client.post("/api/oauth/token", body).status_code == 415
        assert ask(client, app, secret, x="y" * 20_000).status_code == 413
        assert client.get("/api/oauth/token").status_code == 405

    @pytest.mark.parametrize(
        "header",
        ["Basic", "Basic !", "Basic /////w==", "Basic bm9ib2R5", "Basic Og==", "Basic bnVsADpudWwA"],
    )
    def test_refuses_a_header_that_holds_no_credentials(self, client, header):
        form = {"grant_type": "client_credentials"}

        answer = post_form(client, "/api/oauth/token", form, headers={"authorization": header})

        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    def test_credentials_in_the_address_count_for_nothing(self, client):
        app, secret = an_app()

        address = f"/api/oauth/token?grant_type=client_credentials&client_id={app.client_id}&client_secret={secret}"
        answer = post_form(client, address, {})

        assert answer.status_code in (400, 401)
        assert not Token.objects.exists()

    def test_guessing_is_slowed_down(self, client, monkeypatch):
        from accounts.partners.api import oauth as door

        monkeypatch.setattr(door, "BY_ADDRESS", door.Limit("test.credentials", most=2, seconds=60))
        app, _secret = an_app()

        answers = [ask(client, app, "bps_wrong").status_code for _number in range(3)]

        assert answers == [401, 401, 429]

    def test_is_written_down(self, client):
        app, secret = an_app()

        ask(client, app, secret)
        ask(client, app, "bps_wrong")

        issued = AuditEvent.objects.get(action="partner.token_issued")
        assert (issued.actor_kind, issued.actor_id) == ("partner", app.public_id)
        assert AuditEvent.objects.filter(action="partner.token_refused").exists()

    def test_metadata_says_where_and_how(self, client):
        body = client.get("/.well-known/oauth-authorization-server").json()

        assert body["token_endpoint"].endswith("/api/oauth/token")
        assert body["grant_types_supported"] == ["client_credentials"]
        assert body["scopes_supported"] == Scope.values


class TestUseAToken:
    def test_nothing_without_its_scope(self, client):
        app, secret = an_app()
        token = fetch_token(app, secret, Scope.MENU_READ)

        answer = client.get(WEBHOOKS, headers=bearing(token))

        assert answer.status_code == 403
        assert answer.json()["code"] == "partner_scope_missing"
        assert answer.json()["scope"] == "webhooks:manage"
        assert "webhooks:manage" in answer.json()["detail"]
        assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]

    def test_an_unknown_one_is_refused_with_a_challenge(self, client):
        answer = client.get(WEBHOOKS, headers=bearing("bpt_nonsense"))

        assert answer.status_code == 401
        assert answer.json()["code"] == "partner_token_not_valid"
        assert answer["WWW-Authenticate"] == 'Bearer realm="buka", error="invalid_token"'

    def test_its_time_runs_out(self, client):
        app, secret = an_app()
        token = fetch_token(app, secret)
        Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

        assert opens(client, token) == 401
        assert services.forget_expired_tokens() == 1

    def test_it_opens_nothing_that_is_for_people(self, client):
        app, secret = an_app()
        token = fetch_token(app, secret)

        for path in ("/api/partners/apps", "/api/auth/me", "/api/auth/sessions", f"/api/partners/apps/{app.public_id}"):
            assert client.get(path, headers=bearing(token)).status_code == 401, path
        assert client.get("/admin/", headers=bearing(token)).status_code == 302

    def test_a_token_in_the_address_counts_for_nothing(self, client):
        app, secret = an_app()
        token = fetch_token(app, secret)

        assert client.get(f"{WEBHOOKS}?access_token={token}").status_code == 401

    def test_a_scope_taken_from_the_app_is_gone_at_once(self, client):
        app, secret = an_app()
        token = fetch_token(app, secret)

        services.change_app(app=app, by=UserFactory(), scopes=[Scope.MENU_READ])

        assert opens(client, token) == 403

    @pytest.mark.parametrize("end", [services.suspend_app, services.revoke_app])
    def test_an_app_shut_out_is_out_at_once(self, client, end):
        app, secret = an_app()
        token = fetch_token(app, secret)

        end(app=app, by=UserFactory())

        assert opens(client, token) == 401
        assert ask(client, app, secret).status_code == 401
        assert not Token.objects.exists()

    def test_a_suspended_app_comes_back_with_the_secret_it_has(self, client):
        app, secret = an_app()
        admin = UserFactory()
        services.suspend_app(app=app, by=admin)

        services.resume_app(app=PartnerApp.objects.get(), by=admin)

        assert ask(client, app, secret).status_code == 200

    def test_it_is_counted_against_the_plan(self, client, monkeypatch):
        from core.limits import Limit

        monkeypatch.setitem(LIMITS, Plan.TRIAL, Limit("test.trial", most=2, seconds=60))
        (app, secret), (other, other_secret) = an_app(), an_app(name="Other")
        token, other_token = fetch_token(app, secret), fetch_token(other, other_secret)

        first = client.get(WEBHOOKS, headers=bearing(token))
        client.get(WEBHOOKS, headers=bearing(token))
        third = client.get(WEBHOOKS, headers=bearing(token))

        assert (first["RateLimit-Limit"], first["RateLimit-Remaining"]) == ("2", "1")
        assert third.status_code == 429
        assert third.json()["code"] == "too_many_attempts"
        assert third["RateLimit-Remaining"] == "0"
        assert 0 < int(third["Retry-After"]) <= 60
        assert opens(client, other_token) == 200


class TestGiveATokenBack:
    def test_it_opens_nothing_any_more(self, client):
        app, secret = an_app()
        token = fetch_token(app, secret)

        answer = post_form(
            client, "/api/oauth/revoke", {"token": token, "client_id": app.client_id, "client_secret": secret}
        )

        assert answer.status_code == 200
        assert opens(client, token) == 401

    def test_only_ones_own(self, client):
        (app, secret), (other, other_secret) = an_app(), an_app(name="Other")
        token = fetch_token(app, secret)
        form = {"token": token, "client_id": other.client_id, "client_secret": other_secret}

        answer = post_form(client, "/api/oauth/revoke", form)

        assert answer.status_code == 200
        assert opens(client, token) == 200

    def test_only_with_the_secret(self, client):
        app, secret = an_app()
        token = fetch_token(app, secret)

        answer = post_form(client, "/api/oauth/revoke", {"token": token, "client_id": app.client_id})

        assert answer.status_code == 401
        assert opens(client, token) == 200


class TestRotateTheSecret:
    def test_both_work_for_a_day(self, client):
        app, old = an_app()

        new = services.rotate_secret(app=app, by=UserFactory())

        assert ask(client, app, old).status_code == 200
        assert ask(client, app, new).status_code == 200
        PartnerApp.objects.update(previous_secret_until=timezone.now() - timedelta(seconds=1))
        assert ask(client, app, old).status_code == 401
        assert ask(client, app, new).status_code == 200

    def test_a_leaked_one_ends_at_once_and_its_tokens_too(self, client):
        app, old = an_app()
        token = fetch_token(app, old)

        new = services.rotate_secret(app=app, by=UserFactory(), keep_old=False)

        assert ask(client, app, old).status_code == 401
        assert opens(client, token) == 401
        assert ask(client, app, new).status_code == 200

    def test_never_three_at_a_time(self, client):
        app, first = an_app()
        admin = UserFactory()

        services.rotate_secret(app=app, by=admin)
        PartnerApp.objects.update(previous_secret_until=timezone.now() + OVERLAP - BETWEEN_ROTATIONS)
        services.rotate_secret(app=app, by=admin)

        assert ask(client, app, first).status_code == 401

    def test_a_button_pressed_twice_does_not_end_the_one_in_use(self, client):
        app, first = an_app()
        admin = UserFactory()
        second = services.rotate_secret(app=app, by=admin)

        with pytest.raises(SecretJustMade):
            services.rotate_secret(app=app, by=admin)

        assert ask(client, app, first).status_code == 200
        assert ask(client, app, second).status_code == 200
        assert AuditEvent.objects.filter(action="partner.secret_rotated").count() == 1

    def test_a_leaked_one_may_be_ended_at_any_moment(self, client):
        app, first = an_app()
        admin = UserFactory()
        second = services.rotate_secret(app=app, by=admin)

        third = services.rotate_secret(app=app, by=admin, keep_old=False)

        assert [ask(client, app, secret).status_code for secret in (first, second, third)] == [401, 401, 200]

    @pytest.mark.parametrize(
        "end", [partial(services.rotate_secret, keep_old=False), services.suspend_app, services.revoke_app]
    )
    def test_one_that_ends_while_it_is_checked_gets_no_token(self, client, monkeypatch, end):
        app, secret = an_app()

        def check_and_end(*given):
            is_right = check_password(*given)
            end(app=app, by=UserFactory())
            return is_right

        monkeypatch.setattr(oauth, "check_password", check_and_end)
        answer = ask(client, app, secret)

        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer["WWW-Authenticate"].startswith("Basic")
        assert not Token.objects.exists()
        assert not AuditEvent.objects.filter(action="partner.token_issued").exists()
