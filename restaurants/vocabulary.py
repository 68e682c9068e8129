"""The translated names of cuisines, amenities and courses that Buka knows by their slug."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CUISINES: dict[str, "str | Promise"] = {
    "modern-nigerian": _("Modern Nigerian"),
    "seafood": _("Seafood"),
    "coastal": _("Coastal"),
    "street-food": _("Street food"),
    "buka": _("Buka"),
    "grill": _("Grill"),
    "lounge": _("Lounge"),
    "northern": _("Northern Nigerian"),
    "suya": _("Suya"),
    "fine-dining": _("Fine dining"),
    "rivers-native": _("Rivers native"),
    "efik-ibibio": _("Efik and Ibibio"),
    "hausa": _("Hausa"),
    "kanuri": _("Kanuri"),
    "igbo": _("Igbo"),
    "yoruba": _("Yoruba"),
    "continental": _("Continental"),
    "nigerian": _("Nigerian"),
    "chinese": _("Chinese"),
    "indian": _("Indian"),
    "lebanese": _("Lebanese"),
    "italian": _("Italian"),
    "pizza": _("Pizza"),
    "burger": _("Burgers"),
    "chicken": _("Chicken"),
    "fast-food": _("Fast food"),
    "cafe": _("Café"),
    "bar": _("Bar"),
    "international": _("International"),
    "african": _("African"),
    "french": _("French"),
    "japanese": _("Japanese"),
    "thai": _("Thai"),
    "mexican": _("Mexican"),
    "american": _("American"),
    "ice-cream": _("Ice cream"),
    "bakery": _("Bakery"),
}

AMENITIES: dict[str, "str | Promise"] = {
    "parking": _("Parking"),
    "valet": _("Valet parking"),
    "generator": _("Power all day"),
    "air-conditioning": _("Air conditioning"),
    "outdoor": _("Outdoor tables"),
    "private-room": _("Private room"),
    "family-section": _("Family section"),
    "prayer-room": _("Prayer room"),
    "step-free": _("Step-free entrance"),
    "wifi": _("Wi-Fi"),
    "live-music": _("Live music"),
    "halal": _("Halal kitchen"),
    "no-alcohol": _("No alcohol"),
    "bar": _("Bar"),
    "card": _("Cards accepted"),
    "transfer": _("Bank transfer accepted"),
    "water-view": _("Water view"),
    "rooftop": _("Rooftop"),
    "high-chairs": _("High chairs"),
    "takeaway": _("Takeaway"),
}


def name_of(vocabulary: dict[str, "str | Promise"], slug: str, name: str) -> str:
    """Return the translated name for a slug, else the name as it is stored."""
    return str(vocabulary.get(slug, name))
