"""What is done with personal data and on which ground: the processing register, as data.

The privacy page, docs/privacy/register.md and a breach's drafts are made from it and from what the apps declare
(`core.personal_data`, encrypted columns). Change what Buka does, and this page changes with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True)
class Activity:
    """One use of data.

    :param ground: of the Data Protection Act 2023, s.25 or s.30
    :param consent: the purpose it asks consent for, where that is the ground
    :param kept: names of retention policies that end it
    """

    name: str
    label: Text
    what_for: Text
    data: Text
    people: Text
    ground: Text
    shared_with: Text
    kept: tuple[str, ...] = ()
    consent: str = ""


@dataclass(frozen=True)
class Processor:
    """Somebody outside who handles data for Buka.

    :param country: where they keep it
    :param transfer: the ground on which data leaves Nigeria (ss.41–43), empty when it does not
    """

    name: Text
    what_for: Text
    data: Text
    country: Text
    transfer: Text = ""


_contract = _("To carry out what you asked for (section 25(1)(b)(i)).")
_duty = _("The law asks it of us (section 25(1)(b)(ii)).")
_interest = _("A legitimate interest that does not override yours (section 25(1)(b)(v)).")
_consent = _("Your consent, which you can take back at any time (section 25(1)(a)).")
_explicit = _(
    "You write it yourself, for this and nothing else; beyond the booking only with your explicit consent, because it "
    "may tell of health or faith (section 30(1)(a))."
)

ACTIVITIES: Sequence[Activity] = (
    Activity(
        "accounts",
        _("Your account"),
        _("To know you when you come back, and to keep others out."),
        _("Name, e-mail address, phone, language, password (as a hash), second factors, devices signed in."),
        _("People with an account"),
        _contract,
        _("Nobody."),
        ("accounts.unconfirmed", "accounts.devices", "accounts.sessions"),
    ),
    Activity(
        "bookings",
        _("Bookings"),
        _("To keep a table for you, to remind you, and to let the house reach you."),
        _(
            "Name, phone, e-mail address, party size, time, wishes, whether you need a table without steps, occasion, "
            "what you paid ahead."
        ),
        _("Guests, with an account or without"),
        _contract,
        _("The restaurant where you book, and the partner apps that it lets see its bookings."),
        (
            "bookings.details",
            "bookings.notes",
            "bookings.holds",
            "bookings.deposits",
            "bookings.series",
            "core.idempotency",
        ),
    ),
    Activity(
        "tickets",
        _("Tickets for events"),
        _("To keep your places, to let in whoever has a ticket, and to know what was paid."),
        _(
            "Name, phone, e-mail address, what was ordered and paid; the names on tickets, and whom they were passed "
            "on to."
        ),
        _("Buyers of tickets and those to whom one is passed on, with an account or without"),
        _contract,
        _("The restaurant whose event it is, and the partner apps that it lets see its bookings."),
        (
            "bookings.ticket_orders",
            "bookings.ticket_references",
            "bookings.unpaid_tickets",
            "bookings.ticket_holders",
        ),
    ),
    Activity(
        "payments",
        _("Paying online"),
        _("To take what you pay, to give it back, and to know what became of it."),
        _(
            "E-mail address and network address; what was paid for, how much, when and how; of a card its last four "
            "digits, its bank and its country, and never its number. Of a card that you let us keep, also what charges "
            "it at the gateway, the address it was given with, and what you agreed to, in which words and when. "
            "Receipts and credit notes, with who paid: these tax papers stay with their numbers, also when the name is "
            "taken off them."
        ),
        _("Payers, with an account or without"),
        _contract,
        _("The payment gateway at which you pay, and the restaurant that you pay."),
        (
            "payments.webhooks",
            "payments.attempts",
            "payments.payers",
            "payments.receipts",
            "payments_saved.forgotten",
            "payments_saved.consents",
        ),
    ),
    Activity(
        "fraud",
        _("Keeping fraud out of payments"),
        _(
            "To notice stolen cards and programs that try cards out. Rules look at each payment before and after it. "
            "None of them gives money back or keeps it by itself: what they hold, a person looks at, and you can ask "
            "for a person where they let nothing begin."
        ),
        _(
            "How often and how much was paid by the same card, account, device, phone number or network, all of them "
            "as keyed hashes; the country of the card; how many bookings were kept. The device is known by a random "
            "cookie of our own, “device”, that only the pages where one pays set and read; it lasts 180 days."
        ),
        _("Payers, with an account or without"),
        _interest,
        _("Nobody."),
        ("fraud.marks", "fraud.attempts", "fraud.decisions", "fraud.words"),
    ),
    Activity(
        "settlement",
        _("Paying restaurants"),
        _("To pay restaurants what they are owed, and to say how it came about."),
        _("Bank, account number and name of the account, which may be a person's; who named it, and when."),
        _("Owners of restaurants"),
        _contract,
        _("The payment gateway or the bank that sends the money."),
        ("settlement.accounts", "settlement.unused_accounts"),
    ),
    Activity(
        "waiting",
        _("Waiting lists, news of free tables, the queue at the door"),
        _("To offer you a table in your turn, and to reach you when it is ready."),
        _("Name, phone, e-mail address, party size, when you would come, how long you waited."),
        _("Guests, with an account or without"),
        _contract,
        _("The restaurant where you wait."),
        ("bookings.waiting", "bookings.alerts", "bookings.queues"),
    ),
    Activity(
        "allergies",
        _("Allergies and diet"),
        _("So that the kitchen can look after you."),
        _("What you write about allergies, health and diet."),
        _("Guests who write it"),
        _explicit,
        _("The restaurant where you book, and the partner apps that it lets see its bookings."),
        ("bookings.notes", "bookings.guest_books"),
        "sensitive",
    ),
    Activity(
        "guest_books",
        _("Guest books of restaurants"),
        _("So that a house knows you when you come again, and knows what it may count on."),
        _(
            "Name, phone, e-mail address, visits, no-shows, late cancellations, spend, birthday, anniversary, tags and "
            "notes of the house, and whether it still takes your bookings online."
        ),
        _("Guests, with an account or without"),
        _interest,
        _("The restaurant where you book."),
        ("bookings.guest_books",),
    ),
    Activity(
        "reviews",
        _("Reviews of restaurants"),
        _("So that others can choose, and houses can do better."),
        _("What you write, your first name, the month of your visit; who reported a review."),
        _("Guests who write one, people who report one"),
        _contract,
        _("Everybody who reads the restaurant's page; not who reported a review."),
        ("reviews.reports",),
    ),
    Activity(
        "partners",
        _("Partner apps of restaurants"),
        _("So that a restaurant can work with the programs of others, such as its till or a booking site."),
        _(
            "Bookings with name, phone, e-mail address, party size, time, wishes, the need of a table without steps "
            "and occasion, for an app that the restaurant lets see them. What is sent to "
            "it unasked names the booking and nobody."
        ),
        _("Guests, with an account or without"),
        _interest,
        _("The makers of the apps that the restaurant lets in, until it takes that back."),
        ("partners.deliveries",),
    ),
    Activity(
        "messages",
        _("Messages about your bookings and your account"),
        _("To confirm, to remind, and to warn you when something happens to your account."),
        _("E-mail address or phone, name, what the message says."),
        _("Guests and people with an account"),
        _contract,
        _("The services that carry mails and text messages."),
        ("notifications.messages", "notifications.receipts"),
    ),
    Activity(
        "marketing",
        _("News and offers"),
        _("To tell you about offers, events and new restaurants."),
        _("E-mail address, name, language."),
        _("People who agreed"),
        _consent,
        _("The services that carry mails and text messages."),
        ("notifications.messages",),
        "marketing",
    ),
    Activity(
        "staff",
        _("Restaurants' staff"),
        _("To let people run their house, and to know who did what there."),
        _("Name, e-mail address, role, what was done."),
        _("Owners, managers, hosts and couriers, and whom they invite"),
        _contract,
        _("The owner of the restaurant."),
        ("accounts.invitations", "bookings.desk_acts", "audit.events"),
    ),
    Activity(
        "claims",
        _("Claims of restaurants"),
        _("To find out whether a house is yours before we hand it to you."),
        _("Phone, what you do there, what you tell us as proof."),
        _("People who claim a restaurant"),
        _contract,
        _("Nobody."),
        ("restaurants.claims",),
    ),
    Activity(
        "security",
        _("Security and the audit trail"),
        _("To notice and clear up misuse."),
        _("Who did what, when, and the network address, which is encrypted."),
        _("Everybody who signs in, and who tries to"),
        _interest,
        _("Nobody, unless a court orders it."),
        ("audit.events",),
    ),
    Activity(
        "rights",
        _("Your rights"),
        _("To show that we kept them: consents, archives, erasures, requests and their answers."),
        _("What you agreed to, when, and from which network address; what you asked and what we answered."),
        _("Everybody who uses them"),
        _duty,
        _("The Nigeria Data Protection Commission, when it asks."),
        (
            "privacy.consents",
            "privacy.consent_addresses",
            "privacy.exports",
            "privacy.export_records",
            "privacy.requests",
            "privacy.erasures",
            "privacy.forgotten",
        ),
    ),
)

# Add a line before anything goes there: the page is what people rely on.
PROCESSORS: Sequence[Processor] = (
    Processor(
        _("The host that Buka runs on"),
        _("Runs the servers, the database and its backups."),
        _("Everything, the fields named above encrypted with keys the host does not have."),
        _("Where the operator of this installation has its servers."),
        _("Only with adequate protection or a contract that gives it (sections 41 and 42)."),
    ),
    Processor(
        _("The mail server that Buka sends through"),
        _("Carries mails."),
        _("E-mail address, name, what the mail says."),
        _("Where the operator of this installation has its mail server."),
        _("Needed to carry out what you asked for (section 43(1)(b))."),
    ),
    Processor(
        _("Africa's Talking and Twilio, where text messages are switched on"),
        _("Carry text messages: one-time codes, and what becomes of bookings, queues and tickets."),
        _("Phone number, what the message says."),
        _("Where their contracts with the operator of this installation say."),
        _("Needed to carry out what you asked for (section 43(1)(b))."),
    ),
    Processor(
        _("Google and Facebook, if you choose to log in through them"),
        _("Tell us who you are; they learn that you use Buka."),
        _("Name, e-mail address, their number for you."),
        _("The United States and Ireland, among others; their own notices apply."),
        _("You ask for it yourself (section 43(1)(b))."),
    ),
)

RIGHTS: Sequence[tuple[Text, Text]] = (
    (_("To know and to see"), _("Fetch an archive of everything we hold about you, from your account.")),
    (_("To correct"), _("Change your name, phone and language in your account; write to us about the rest.")),
    (_("To be forgotten"), _("Erase your account. You can change your mind for fourteen days.")),
    (_("To restrict and to object"), _("Write to us with the form below; we stop until the question is settled.")),
    (_("To take your data with you"), _("The archive is JSON and CSV, which other programs read.")),
    (_("To take consent back"), _("Each consent has a switch in your account; off is as near as on.")),
    (_("To have a person decide"), _("Write to us; no decision that weighs on you stays with a machine alone.")),
    (
        _("To complain"),
        _("To us with the form below, and to the Nigeria Data Protection Commission (ndpc.gov.ng) at any time."),
    ),
)
