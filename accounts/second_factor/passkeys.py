"""What comes of an answer that no passkey would give: the libraries trip over what lies inside, each in its own way."""

import struct

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

# allauth itself catches two of these. What else a stranger can make its libraries raise is a refusal, not our error.
NONSENSE = (
    AttributeError,
    InvalidSignature,
    LookupError,
    OverflowError,
    RecursionError,
    TypeError,
    UnsupportedAlgorithm,
    ValueError,
    struct.error,
)
