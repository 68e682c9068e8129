"""A refusal as the API words it."""


class Refused(Exception):
    """The API says no: `message` and `status` are what it answers."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


NO_TRANSACTION = "No transaction was found for this id"
