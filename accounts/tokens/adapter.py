from collections.abc import Iterable

from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession

from accounts.tokens import services
from accounts.tokens.states import Reason


class SessionsAdapter(DefaultUserSessionsAdapter):
    """Ending a device on the page ends its tokens and live connections too."""

    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        for session in sessions:
            services.close_session(session_key=session.session_key, reason=Reason.ENDED)
            session.end()
