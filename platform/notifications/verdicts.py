"""How an attempt to send may end, whatever the channel."""


class Refused(Exception):
    """Nobody needs to try again: this message is not taken."""


class NotNow(Exception):
    """It may work later."""


class Unreachable(NotNow):
    """The server itself is away: the other messages of this channel need not try either."""
