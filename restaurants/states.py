"""The fixed vocabularies of restaurants."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RestaurantStatus(models.TextChoices):
    """How far a restaurant has come on Buka; only LIVE takes bookings."""

    LISTED = "listed", _("Unverified listing")
    DRAFT = "draft", _("Being set up")
    LIVE = "live", _("Open for bookings")
    PAUSED = "paused", _("Bookings paused")
    CLOSED = "closed", _("Closed for good")


PUBLIC_STATUSES = (RestaurantStatus.LISTED, RestaurantStatus.LIVE, RestaurantStatus.PAUSED)


class ChargeWhat(models.TextChoices):
    """What a line on a bill is: taxes go to the state, charges stay with the house."""

    VAT = "vat", _("VAT")
    CONSUMPTION_TAX = "consumption_tax", _("Consumption tax")
    OTHER_TAX = "other_tax", _("Another tax")
    SERVICE_CHARGE = "service_charge", _("Service charge")
    OTHER_CHARGE = "other_charge", _("Another charge")


TAXES = frozenset({ChargeWhat.VAT, ChargeWhat.CONSUMPTION_TAX, ChargeWhat.OTHER_TAX})
# Those have a name of the house's own.
NAMED_BY_THE_HOUSE = (ChargeWhat.OTHER_TAX, ChargeWhat.OTHER_CHARGE)


class ChargeBase(models.TextChoices):
    """What a line is reckoned on."""

    NET = "net", _("The net price")
    NET_AND_CHARGES = "net_and_charges", _("The net price with charges")


class ClaimStatus(models.TextChoices):
    PENDING = "pending", _("Waiting for approval")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")


class Weekday(models.IntegerChoices):
    """Days as `date.weekday()` counts them."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class PriceBand(models.IntegerChoices):
    """Usual spend a head in 2026 naira."""

    MODEST = 1, _("₦ · under ₦8,000 a head")
    MODERATE = 2, _("₦₦ · ₦8,000 to ₦20,000 a head")
    HIGH = 3, _("₦₦₦ · ₦20,000 to ₦45,000 a head")
    TOP = 4, _("₦₦₦₦ · above ₦45,000 a head")


class TableShape(models.TextChoices):
    ROUND = "round", _("Round")
    SQUARE = "square", _("Square")
    RECT = "rect", _("Rectangular")


class Allergen(models.TextChoices):
    """What a kitchen must name; crayfish, the hidden one in southern soups, is a crustacean."""

    GROUNDNUT = "groundnut", _("Groundnut")
    SESAME = "sesame", _("Sesame (beniseed)")
    FISH = "fish", _("Fish or stockfish")
    CRUSTACEAN = "crustacean", _("Crustacean (crayfish, prawn)")
    MOLLUSC = "mollusc", _("Mollusc (snail, periwinkle)")
    GLUTEN = "gluten", _("Gluten")
    MILK = "milk", _("Milk")
    EGG = "egg", _("Egg")
    LEGUME = "legume", _("Other legumes (beans, locust bean)")
    NUTS = "nuts", _("Tree nuts")
    SOYA = "soya", _("Soya")
    CELERY = "celery", _("Celery")
    MUSTARD = "mustard", _("Mustard")


class Heat(models.IntegerChoices):
    NONE = 0, _("No pepper")
    MILD = 1, _("Mild")
    HOT = 2, _("Hot")
    FIERCE = 3, _("Very hot")


class DepositDue(models.TextChoices):
    """When a deposit is to be paid."""

    AT_THE_HOUSE = "at_the_house", _("At the house")
    BEFORE = "before", _("Before the visit")
