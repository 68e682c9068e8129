from typing import Any

from allauth.headless.adapter import DefaultHeadlessAdapter

from accounts.models import User


class HeadlessAdapter(DefaultHeadlessAdapter):
    def serialize_user(self, user: Any) -> dict[str, Any]:
        """Return who this is for the doors, which say the rest themselves; nothing before somebody has signed in."""
        return {"id": str(user.public_id)} if isinstance(user, User) and user.pk else {}
