"""What every answer tells the browser: policies, held over the whole URL map."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from core.testing import log_in
from tests.populated import House, populated
from tests.walking import Address, addresses

ASKERS = ("stranger", "diner", "owner")


@pytest.fixture
def full_house(db: None) -> House:
    return populated("calm")


def client_of(asker: str, house: House) -> Client:
    client = Client(raise_request_exception=False)
    if asker != "stranger":
        log_in(client, getattr(house, asker))
    return client


def answers(house: House, asker: str) -> Iterator[tuple[str, Any]]:
    """Ask for every address as who gets the most of it: the back office as its owner, the rest as the others."""
    client = client_of(asker, house)
    for number, address in enumerate(addresses()):
        is_office = address.route.startswith("/admin/")
        if address.name in ("account_logout", "admin:logout") or is_office != (asker == "owner"):
            continue
        # Each from another address: what is looked at is not how people are held back.
        path = address.path(house.values(address))
        yield path, client.get(path, REMOTE_ADDR=f"10.0.{number // 250}.{number % 250}")


def policy_of(answer: Any) -> dict[str, list[str]]:
    parts = (part.split() for part in answer["Content-Security-Policy"].split(";") if part.strip())
    return {words[0]: words[1:] for words in parts}


class Markup(HTMLParser):
    """What of a page a strict policy would forbid."""

    def __init__(self, nonce: str) -> None:
        super().__init__()
        self.nonce = nonce
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.faults += [f"{tag} has {name}" for name in given if name.startswith("on") or name == "style"]
        is_data = given.get("type") in ("application/json", "application/ld+json", "text/x-template")
        if tag in ("script", "style") and not is_data and (not self.nonce or given.get("nonce") != self.nonce):
            self.faults.append(f"{tag} {given.get('src', '')} without this answer's nonce")
        for name in ("href", "src", "action"):
            if (given.get(name) or "").strip().lower().startswith("javascript:"):
                self.faults.append(f"{tag} leads to a script")


@pytest.mark.parametrize("asker", ASKERS)
def test_every_answer_keeps_to_what_is_promised(asker: str, full_house: House) -> None:
    """One walk for each that may ask, as the walk is what takes long; the faults say which promise was not kept."""
    faults: list[str] = []
    walked = seen = 0
    for path, answer in answers(full_house, asker):
        walked += 1
        found = [*faults_of_policy(path, answer), *faults_of_keeping(answer, full_house.mark)]
        if answer.status_code >= 500:
            found.append(f"{answer.status_code}")
        if not is_looser(path) and answer.get("Content-Type", "").startswith("text/html") and not answer.streaming:
            seen += 1
            found += faults_of_markup(answer)
        faults += [f"{path}: {fault}" for fault in found]

    assert faults == []
    assert walked > 100
    # The back office is under the looser policy, and an owner walks nothing else.
    assert asker == "owner" or seen > 30


def is_looser(path: str) -> bool:
    return path.startswith("/admin/") or path.rstrip("/") == "/api/docs"


def faults_of_policy(path: str, answer: Any) -> Iterator[str]:
    policy = policy_of(answer)
    scripts, styles = policy["script-src"], policy["style-src"]
    # A restaurant's free times are made to stand on its own site.
    framed = ["*"] if re.fullmatch(r"/[a-z-]+/r/[^/]+/widget/", path) else ["'none'"]
    for name, wanted in (("frame-ancestors", framed), ("base-uri", ["'none'"]), ("object-src", ["'none'"])):
        if policy[name] != wanted:
            yield f"{name} {policy[name]}"
    if policy["default-src"] != ["'none'"] or {"'unsafe-inline'", "*", "https:"} & {*scripts}:
        yield f"scripts from {scripts}"
    if not is_looser(path):
        if {"'unsafe-inline'", "'unsafe-eval'"} & {*scripts, *styles}:
            yield f"{scripts} {styles}"
        if "'strict-dynamic'" not in scripts:
            yield "not strict"


def faults_of_markup(answer: Any) -> list[str]:
    nonces = [source[7:-1] for source in policy_of(answer)["script-src"] if source.startswith("'nonce-")]
    markup = Markup(nonces[0] if nonces else "")
    markup.feed(answer.content.decode())
    return markup.faults


def faults_of_keeping(answer: Any, mark: str) -> Iterator[str]:
    """Yield what is wrong with who may keep the answer: what is personal nobody, and what is shared is one for all."""
    kept = answer.get("Cache-Control", "")
    if "public" in kept and (answer.cookies or "cookie" in answer.get("Vary", "").lower()):
        yield f"shared by {kept} and set or varied by a cookie"
    may_be_kept = answer.status_code == 200 and not answer.streaming and "no-store" not in kept
    if may_be_kept and f"okro-{mark}" in answer.content.decode(errors="replace"):
        yield f"personal and kept by {kept}"


@pytest.mark.django_db
class TestOneByOne:
    def test_the_back_office_has_just_two_things_more(self, client: Client) -> None:
        strict, loose = policy_of(client.get("/en/")), policy_of(client.get("/admin/login/"))

        assert [source for source in loose["script-src"] if not source.startswith("'nonce-")] == [
            "'self'",
            "'unsafe-eval'",
        ]
        assert loose["style-src"] == ["'self'", "'unsafe-inline'"]
        same = set(strict) - {"script-src", "style-src"}
        assert {name: strict[name] for name in same} == {name: loose[name] for name in same}

    def test_the_apis_page_runs_no_inline_script(self, client: Client) -> None:
        page = client.get("/api/docs")
        policy = policy_of(page)

        assert policy["script-src"] == ["'self'"]
        inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page.content.decode())
        assert inline == []

    def test_a_nonce_is_used_once(self, client: Client) -> None:
        nonces = {re.search(r"'nonce-([^']+)'", client.get("/en/")["Content-Security-Policy"])[1] for _n in range(5)}  # type: ignore[index]

        assert len(nonces) == 5

    def test_trusted_types_are_reported_first(self, client: Client) -> None:
        assert client.get("/en/")["Content-Security-Policy-Report-Only"] == (
            "require-trusted-types-for 'script'; report-uri /csp-reports"
        )
        assert "Content-Security-Policy-Report-Only" not in client.get("/admin/login/")

    @pytest.mark.parametrize("path", ["/en/", "/api/restaurants", "/admin/login/", "/healthz", "/no-such-page"])
    def test_the_rest_of_the_headers(self, client: Client, path: str) -> None:
        answer = client.get(path)

        assert answer["X-Content-Type-Options"] == "nosniff"
        assert path == "/healthz" or answer["X-Frame-Options"] == "DENY"
        assert answer["Referrer-Policy"] == "strict-origin-when-cross-origin"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer["Cross-Origin-Resource-Policy"] == "same-site"
        allowed = answer["Permissions-Policy"]
        for feature in ("camera", "geolocation", "xr-spatial-tracking", "accelerometer", "gyroscope", "magnetometer"):
            assert f"{feature}=(self)" in allowed
        for feature in ("payment", "usb", "microphone", "midi", "serial", "hid"):
            assert f"{feature}=()" in allowed

    def test_a_report_is_written_down_without_its_secrets(self, client: Client, caplog: Any) -> None:
        body = {
            "csp-report": {
                "document-uri": "https://buka.example/en/bookings/1/?token=secret",
                "effective-directive": "script-src-elem",
                "blocked-uri": "https://evil.example/x.js\nFORGED line",
                "disposition": "enforce",
            }
        }

        answer = client.post("/csp-reports", json.dumps(body), "application/csp-report")

        assert answer.status_code == 204
        assert "script-src-elem" in caplog.text
        assert "secret" not in caplog.text
        assert "\nFORGED" not in caplog.text

    @pytest.mark.parametrize(
        ("body", "kind", "status"),
        [
            (b"{", "application/csp-report", 400),
            (b"[" * 20_000, "application/csp-report", 413),
            (b"{}", "text/plain", 415),
            (b"[1, {}, null]", "application/reports+json", 204),
        ],
    )
    def test_a_report_that_is_none(self, client: Client, body: bytes, kind: str, status: int) -> None:
        assert client.post("/csp-reports", body, kind).status_code == status


@pytest.mark.django_db
class TestOtherSites:
    ORIGIN = "https://app.example"

    @pytest.fixture
    def let_in(self, settings: Any) -> None:
        settings.CORS_ALLOWED_ORIGINS = [self.ORIGIN]

    def ask(self, path: str, origin: str, method: str = "GET") -> Any:
        headers = {"origin": origin, "access-control-request-method": method}
        return Client(raise_request_exception=False).options(path, headers=headers)

    def test_none_is_let_in_unless_named(self) -> None:
        assert "Access-Control-Allow-Origin" not in self.ask("/api/restaurants", self.ORIGIN)

    @pytest.mark.usefixtures("let_in")
    def test_a_named_one_may_ask_without_cookies(self) -> None:
        asked = self.ask("/api/bookings", self.ORIGIN, "POST")

        assert asked["Access-Control-Allow-Origin"] == self.ORIGIN
        assert "Access-Control-Allow-Credentials" not in asked
        assert "idempotency-key" in asked["Access-Control-Allow-Headers"]
        answer = Client().get("/api/restaurants", headers={"origin": self.ORIGIN})
        assert "RateLimit-Limit" in answer["Access-Control-Expose-Headers"]

    @pytest.mark.usefixtures("let_in")
    @pytest.mark.parametrize(
        "origin",
        [
            "null",
            "https://evil.example",
            "https://app.example.evil.example",
            "http://app.example",
            "https://app.example:8",
        ],
    )
    def test_no_other_is(self, origin: str) -> None:
        assert "Access-Control-Allow-Origin" not in self.ask("/api/restaurants", origin)

    @pytest.mark.usefixtures("let_in")
    @pytest.mark.parametrize("path", ["/en/", "/admin/login/", "/api/docs", "/csp-reports"])
    def test_only_the_api_answers_them(self, path: str) -> None:
        assert "Access-Control-Allow-Origin" not in self.ask(path, self.ORIGIN)


def test_the_walk_knows_the_whole_map() -> None:
    found: list[Address] = addresses()

    assert len(found) > 250
    assert {"bookings:home", "admin:index", "bookings_api:bookings", "account_login"} <= {each.name for each in found}


def test_no_page_keeps_its_origin_from_its_own_forms() -> None:
    """Under `no-referrer` browsers send `Origin: null` with a form, and Django refuses it."""
    folders = [settings.BASE_DIR / "templates", *(settings.BASE_DIR / "platform").glob("*/templates")]
    pages: dict[Path, str] = {path: path.read_text() for folder in folders for path in folder.rglob("*.html")}

    assert len(pages) > 100
    # No exception for those without a form of their own: each has the header, with its button to log out.
    assert "<form" in pages[settings.BASE_DIR / "templates/includes/header.html"]
    assert [path.name for path, text in pages.items() if "no-referrer" in text] == []
