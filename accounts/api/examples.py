"""Examples for the schema; every one of them is checked against it."""

from typing import Any

ME: dict[str, Any] = {
    "id": "0b5b2f3e-6a0c-4a4e-9f5a-0f6e6f9d1c11",
    "email": "diner1@example.com",
    "email_verified": True,
    "name": "Demo Diner",
    "phone": "+2348030000000",
    "phone_verified": True,
    "language": "en",
    "currency": "NGN",
    "loyalty_tier": None,
    "roles": ["diner"],
    "memberships": [],
    "has_password": True,
    "second_factor": {"kinds": [], "recovery_codes": False, "required": False, "passed": False},
}
TOKENS = {
    "access_token": "eyJhbGciOiJIUzI1NiIsImtpZCI6ImRldiJ9.e30.c2ln",
    "refresh_token": "eyJhbGciOiJIUzI1NiIsImtpZCI6ImRldiJ9.e30.c2ln",
    "token_type": "Bearer",
    "expires_in": 600,
}
SIGNED_IN = {"user": ME, **TOKENS, "device_token": "WyJEZW1vIixbXV0:1wDemo:c2ln"}
REGISTER = {
    "email": "demo.diner@example.com",
    "password": "eat-well-tonight",
    "name": "Demo Diner",
    "accepts_terms": True,
    "is_adult": True,
}
SOCIAL_SIGN_UP = {name: value for name, value in REGISTER.items() if name != "password"}
COMES_THROUGH_OTHERS = {
    "provider": "google",
    "name": "Demo Diner",
    "email": "demo.diner@example.com",
    "email_verified": True,
}
SIGN_UP_STEP = {"next": "provider_signup"}
LOG_IN = {"email": "diner1@example.com", "password": "eat-well-tonight"}
EMAIL_STEP = {"next": "verify_email"}
CODE_STEP = {"next": "login_by_code"}
RESET_STEP = {"next": "password_reset_by_code"}
CODES = ["12345678", "23456789"]
SETUP = {
    "secret": "JBSWY3DPEHPK3PXP",
    "otpauth_uri": "otpauth://totp/Buka:diner1%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=Buka",
    "qr_svg": "<svg xmlns='http://www.w3.org/2000/svg'></svg>",
}
OPTIONS = {"options": {"publicKey": {"challenge": "c2FtcGxl", "rpId": "buka.example"}}}
CREDENTIAL = {"id": "c2FtcGxl", "rawId": "c2FtcGxl", "type": "public-key", "response": {"userHandle": "MQ"}}
SESSION = {
    "id": "7d6f0a52-3c1a-4a1a-8a38-3bb3f2f1a0d4",
    "client": "browser",
    "program": "Mozilla/5.0",
    "address": "192.0.2.7",
    "signed_in_by": ["password"],
    "signed_in_at": "2026-12-01T18:00:00Z",
    "last_seen_at": "2026-12-01T19:00:00Z",
    "is_current": True,
}
PASSKEY = {
    "id": "c2FtcGxl",
    "name": "Phone",
    "added_at": "2026-12-01T18:00:00Z",
    "last_used_at": None,
}
