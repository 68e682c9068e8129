from rest_framework import authentication
from rest_framework.request import Request


class SessionAuthentication(authentication.SessionAuthentication):
    """The log-in of the pages; names its challenge, so that a stranger is answered 401 and not 403."""

    def authenticate_header(self, request: Request) -> str:
        return 'Session realm="buka"'
