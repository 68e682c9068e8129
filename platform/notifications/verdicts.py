"""How an attempt to send may end, whatever the channel."""


class Refused(Exception):
    """Nobody needs to try again: this message is not taken."""


class HeldBack(Refused):
    """It would be more than its number or its country may get: nobody was asked to take it."""


class NotNow(Exception):
    """It may work later; it may even have been taken already."""


class NotTaken(NotNow):
    """It may work later, and nobody has taken it: another carrier may be asked at once."""


class Unreachable(NotTaken):
    """The server itself is away: the other messages of this channel need not try either."""
