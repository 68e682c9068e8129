"""The authenticator's codes against the figures of RFC 6238 and an implementation of somebody else's."""

import re
import time

import pytest
from django_otp.oath import TOTP

from sandbox.authenticator import totp

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
KEY = b"12345678901234567890"


@pytest.mark.parametrize(
    ("at", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_shows_the_codes_of_the_standard(at, code):
    assert totp.show(SECRET, "", at).code == code


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        "gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
        f"otpauth://totp/Buka:ada%40example.com?secret={SECRET}&issuer=Buka&digits=6&period=30",
    ],
)
def test_reads_a_secret_however_it_is_written(text):
    assert totp.read(text)[0] == SECRET


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        "0189018901890189",
        "otpauth://hotp/Buka?secret=" + SECRET,
        "otpauth://totp/x?digits=8&secret=" + SECRET,
    ],
)
def test_refuses_what_is_no_secret(sandbox, text):
    with pytest.raises(totp.BadSecret):
        totp.read(text)
    answer = sandbox.http.get("/authenticator/", params={"secret": text})

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_shows_the_code_of_this_moment_for_a_link(sandbox):
    page = sandbox.http.get("/authenticator/", params={"secret": SECRET, "name": "Owner <b>Ada</b>"})

    shown = re.search(r'data-secret="[A-Z2-7]+">(\d{3}) (\d{3})<', page.text)
    device = TOTP(KEY)
    device.time = time.time()
    assert shown is not None
    assert device.verify(int(shown[1] + shown[2]), tolerance=1)
    assert "<b>Ada" not in page.text
    assert 'http-equiv="refresh"' in page.text


def test_answers_programs(sandbox):
    answer = sandbox.http.get("/authenticator/api/codes", params={"secret": SECRET}).json()

    assert re.fullmatch(r"\d{6}", answer["codes"][0]["code"])
    assert 1 <= answer["seconds_left"] <= 30
    assert sandbox.http.get("/authenticator/api/codes").status_code == 400


def test_keeps_a_secret_until_it_is_told_to_forget_it(sandbox):
    sandbox.http.get("/authenticator/add")
    form = {"csrfmiddlewaretoken": sandbox.http.cookies["sandbox_csrf"], "secret": SECRET, "name": "Ada’s"}

    kept = sandbox.http.post("/authenticator/keep", data=form)
    shown = sandbox.http.get("/authenticator/").text
    refused = sandbox.http.post("/authenticator/keep", data=form | {"secret": "1"})
    sandbox.http.post("/authenticator/forget", data=form)

    assert kept.status_code == 302
    assert refused.status_code == 400
    assert SECRET in shown
    assert SECRET not in sandbox.http.get("/authenticator/").text
