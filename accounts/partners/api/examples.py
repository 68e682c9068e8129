"""Examples of the schema."""

APP = {
    "id": "0b0c8f0a-6f0a-4d62-9f8e-3f1f0e9d5b11",
    "client_id": "buka-5f0c1d2e3a4b5c6d7e8f9a0b",
    "name": "Table Talk",
    "organisation": "Table Talk Ltd",
    "website": "https://tabletalk.example",
    "status": "active",
    "scopes": ["bookings:read", "bookings:write", "webhooks:manage"],
    "restaurant": None,
    "is_manager": True,
    "contact_email": "api@tabletalk.example",
    "plan": "standard",
    "requests_per_minute": 300,
    "secret_made_at": "2026-11-20T09:00:00Z",
    "previous_secret_until": None,
    "last_token_at": None,
    "created_at": "2026-11-20T09:00:00Z",
    "revoked_at": None,
}
APP_ASK = {
    "name": "Table Talk",
    "organisation": "Table Talk Ltd",
    "contact_email": "api@tabletalk.example",
    "website": "https://tabletalk.example",
    "scopes": ["bookings:read", "bookings:write", "webhooks:manage"],
}
SECRET = "bps_" + "0" * 64
GRANT = {
    "id": "6f2c1c2e-55b6-4f0e-8a5b-0d1d6a7f2c11",
    "app": APP["id"],
    "restaurant": "9d0b9f58-2f0e-4a57-8f5e-4f8f7d0e2a10",
    "scopes": ["bookings:read", "bookings:write"],
    "granted_at": "2026-11-20T10:00:00Z",
    "revoked_at": None,
}
WEBHOOK = {
    "id": "f3b0c442-98fc-4c14-9afb-f4c8996fb924",
    "app": APP["id"],
    "url": "https://tabletalk.example/hooks/buka",
    "description": "Bookings",
    "event_types": ["booking.confirmed", "booking.changed", "booking.cancelled"],
    "status": "active",
    "disabled_by": None,
    "verified_at": "2026-11-20T10:00:02Z",
    "failing_since": None,
    "previous_secret_until": None,
    "created_at": "2026-11-20T10:00:00Z",
}
WEBHOOK_SECRET = "whsec_" + "A" * 43 + "="
DELIVERY = {
    "id": "2c26b46b-68ff-468f-a1c0-0d1d6a7f2c12",
    "event_id": "evt_019364a0d1c07f0e9a3b5c6d7e8f9a0b",
    "event_type": "booking.confirmed",
    "status": "waiting",
    "attempts": 1,
    "next_attempt_at": "2026-11-20T10:05:05Z",
    "answer_status": 500,
    "error": "Answered 500.",
    "tries": [{"at": "2026-11-20T10:05:00Z", "status": 500, "error": "Answered 500.", "milliseconds": 84}],
    "created_at": "2026-11-20T10:05:00Z",
    "delivered_at": None,
}
TOKEN = {
    "access_token": "bpt_" + "x" * 64,
    "token_type": "Bearer",
    "expires_in": 3600,
    "scope": "bookings:read webhooks:manage",
}
TOKEN_ASK = {
    "grant_type": "client_credentials",
    "client_id": APP["client_id"],
    "client_secret": SECRET,
    "scope": "bookings:read webhooks:manage",
}
REVOCATION_ASK = {"token": TOKEN["access_token"], "client_id": APP["client_id"], "client_secret": SECRET}
METADATA = {
    "issuer": "https://buka.example",
    "token_endpoint": "https://buka.example/api/oauth/token",
    "revocation_endpoint": "https://buka.example/api/oauth/revoke",
    "scopes_supported": ["bookings:read", "bookings:write", "availability:read", "menu:read", "webhooks:manage"],
    "response_types_supported": [],
    "grant_types_supported": ["client_credentials"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    "service_documentation": "https://buka.example/api/docs",
}
