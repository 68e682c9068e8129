"""The whole API against its own description, with made-up input: what it asks for, and what nobody would send."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any
from uuid import UUID

import hypothesis
import schemathesis
from django.conf import settings
from django.core.cache import caches
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection, transaction
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.openapi.checks import UnsupportedMethodResponse

from accounts.models import User
from accounts.partners.tests.factories import fetch_token
from accounts.second_factor.services import enrol
from accounts.tokens import services as tokens
from accounts.tokens.models import TokenFamily
from accounts.tokens.states import Client as TokenClient
from core.sessions import SessionStore
from tests.populated import House
from tests.trespassing import forget_limits
from tests.walking import Address, addresses

ROLES = ("stranger", "diner", "manager", "owner", "platform_admin", "partner")
WITHOUT_ACCOUNT = ("stranger", "partner")
# These must have a second factor; a diner has none here, for some doors are only for those without.
STAFF = ("manager", "owner", "platform_admin")
PASSWORD, NEW_PASSWORD = "eat-well-tonight", "suya-and-zobo-26"
AUTHENTICATOR = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
# The transport in this process does not unpack what it asks for packed.
UNPACKED = {"Accept-Encoding": "identity"}
SEED = 20261122
# A rule of the house may refuse what the schema allows: a day that has passed, a full evening, a stale code.
REFUSALS = ["2xx", "400", "401", "403", "404", "406", "409", "410", "412", "415", "422", "429", "503"]
# What is wrong may be refused for another reason first: nobody is logged in, or there is no such thing.
REJECTIONS = ["400", "401", "403", "404", "405", "406", "409", "410", "412", "413", "415", "422", "429"]


@dataclass
class Fuzz:
    """What came of it."""

    asked: set[str] = field(default_factory=set)
    """the operations that were asked"""
    examples: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    """how often each operation answered 2xx"""
    failures: dict[str, str] = field(default_factory=dict)
    """each kind of failure of each operation once, with its first example"""


def fuzz(
    house: House,
    roles: Sequence[str] = ROLES,
    *,
    share: float = 1.0,
    examples: int = 20,
    seed: int = SEED,
    part: tuple[int, int] = (0, 1),
) -> dict[str, Fuzz]:
    """Send made-up requests to every operation and return, by role, what did not fit its description.

    What is thought up once is sent by every role, for thinking costs as much as asking. What is written is undone.

    :param share: how much each role sends of what schemathesis thinks up systematically, for each part of an operation
    :param examples: how many random ones beside it, for each operation
    :param part: which of how many parts of the operations, to do them side by side
    """
    with connection.cursor() as cursor:
        # Thinking up the next request may take longer than a request may keep a transaction waiting.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    askers = [Somebody(role, house, share=share, seed=seed) for role in roles]
    with _one_connection():
        for number, found in enumerate(_schema().get_all_operations()):
            if number % part[1] != part[0]:
                continue
            if isinstance(found, Ok):
                _fuzz_operation(found.ok(), askers, examples=examples, seed=seed)
            else:
                askers[0].result.failures[f"schema: {found.err()}"] = str(found.err())
    return {somebody.role: somebody.result for somebody in askers}


@contextmanager
def _one_connection() -> Iterator[None]:
    """Keep the connection, and with it what is undone, open from request to request, as Django's test client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


@cache
def _schema() -> Any:
    config = SchemathesisConfig.from_dict(
        {
            "checks": {
                "positive_data_acceptance": {"expected-statuses": REFUSALS},
                "negative_data_rejection": {"expected-statuses": REJECTIONS},
                "missing_required_header": {"expected-statuses": REJECTIONS},
            }
        }
    )
    application = get_wsgi_application()

    def from_somewhere(environ: dict[str, Any], start_response: Any) -> Any:
        # Doors that count their askers refuse whoever has no address, and schemathesis gives none.
        number = next(numbers)
        environ["REMOTE_ADDR"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        return application(environ, start_response)

    numbers = count()
    return schemathesis.openapi.from_wsgi("/api/schema", from_somewhere, config=config)


def _fuzz_operation(operation: Any, askers: "Sequence[Somebody]", *, examples: int, seed: int) -> None:
    def check(case: Any) -> None:
        is_systematic = case.meta is not None and case.meta.phase.name.value != "fuzzing"
        for somebody in askers:
            if not is_systematic or somebody.chance.random() <= somebody.share:
                somebody.ask(_copy_of(case))

    for somebody in askers:
        somebody.result.asked.add(_name(operation))
    settings = hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    modes = list(HypothesisTestMode)
    config = HypothesisTestConfig(project=operation.schema.config, modes=modes, settings=settings, seed=seed)
    create_test(operation=operation, test_func=check, config=config)()


def _copy_of(case: Any) -> Any:
    """Return a case that can be asked without changing the other. Both share the operation, which is all the schema."""
    copied = object.__new__(type(case))
    memo = {id(case.operation): case.operation}
    for name in type(case).__slots__:
        # Past the case's own watch over what is changed in it, which would begin before it is whole.
        object.__setattr__(copied, name, deepcopy(getattr(case, name), memo))
    return copied


class Somebody:
    """Who asks; logged in again after whatever they did to their own log-in."""

    def __init__(self, role: str, house: House, *, share: float = 1.0, seed: int = SEED) -> None:
        self.role = role
        self.house = house
        self.share = share
        self.chance = random.Random(f"{seed}{role}")
        self.result = Fuzz()
        self.headers: dict[str, str] = {}
        self._values = {_shape(address): house.values(address) for address in addresses()}
        self._words = {"restaurant": str(house.restaurant.public_id)}
        if role == "partner":
            self.headers = {"Authorization": f"Bearer {fetch_token(house.app, house.app_secret)}"}
        elif role not in WITHOUT_ACCOUNT:
            self._open_account(getattr(house, role))

    def _open_account(self, person: User) -> None:
        """Give the person what the doors to an account ask for, and a log-in on this device and on another one."""
        person.set_password(PASSWORD)
        person.save(update_fields=["password"])
        if self.role in STAFF:
            person.authenticator_set.all().delete()  # type: ignore[attr-defined]
            enrol(person, AUTHENTICATOR)
        self._person = person
        self._words |= {"email": person.email, "phone": "+2348031234599"}
        self._words |= {"password": PASSWORD, "current_password": PASSWORD, "new_password": NEW_PASSWORD}
        self._session: dict[str, Any] = {
            "_auth_user_id": str(person.pk),
            "_auth_user_backend": settings.AUTHENTICATION_BACKENDS[0],
            "_auth_user_hash": person.get_session_auth_hash(),
            "account_authentication_methods_user": str(person.pk),
        }
        here, elsewhere = (self._family() for _device in range(2))
        self._log_in = here
        self._values["/api/auth/sessions/{public_id}"] = {"public_id": str(elsewhere.public_id)}
        self.come_back()

    def _family(self) -> TokenFamily:
        session = SessionStore()
        session.update({**self._session, **self._methods()})
        pair = tokens.open_family(user=self._person, session=session, client=TokenClient.APP)
        session.save()
        return pair.family

    def _methods(self) -> dict[str, Any]:
        """Return what a session says of a log-in that has just been made."""
        methods = ("password", "mfa") if self.role in STAFF else ("password",)
        return {"account_authentication_methods": [{"method": each, "at": time.time()} for each in methods]}

    def come_back(self) -> None:
        """Log in as if nothing had been done: what a request wrote is undone in the database, but not in Redis."""
        if self.role in WITHOUT_ACCOUNT:
            return
        caches["sessions"].delete(tokens._revoked(self._log_in.public_id))
        session = SessionStore(self._log_in.session_key)
        session._session_cache = {  # type: ignore[attr-defined]  # what it held before is of no interest
            **self._session,
            **self._methods(),
            tokens.SESSION_KEY: self._log_in.public_id.hex,
        }
        session.delete()
        session.save(must_create=True)
        pair = tokens.pair_of(self._log_in.public_id)
        self.headers = {"Authorization": f"Bearer {pair.access}", "X-Client": "app"}

    def value(self, route: str, name: str) -> str:
        """Return what a part of an address stands for when this person asks."""
        return self._values[route][name]

    def ask(self, case: Any) -> None:
        """Send one request, note what did not fit, and undo what it wrote."""
        result = self.result
        result.examples += 1
        if result.examples % 10 == 0:
            forget_limits()
        self.make_real(case)
        with transaction.atomic():
            try:
                response = case.call(headers={**UNPACKED, **self.headers})
                result.statuses[response.status_code] += 1
                # Whoever asks by another method than the operation's learns at most which ones there are.
                if 200 <= response.status_code < 300 and case.method.upper() == case.operation.method.upper():
                    result.opened[_name(case.operation)] += 1
                case.validate_response(response, headers=self.headers, transport_kwargs={"headers": self.headers})
            except FailureGroup as group:
                self._note(case, group)
            finally:
                transaction.set_rollback(True)
        if case.method.upper() != "GET":
            self.come_back()

    def _note(self, case: Any, group: FailureGroup) -> None:
        for failure in group.exceptions:
            if isinstance(failure, UnsupportedMethodResponse) and failure.status_code == 401:
                # Whoever shows a token that opens nothing here is told that first.
                continue
            key = f"{_name(case.operation)} as {self.role}: {failure.title}"
            self.result.failures.setdefault(key, f"{failure.message}\n{group.message[:1500]}")

    def make_real(self, case: Any) -> None:
        """Name what there is in half of the requests: whoever makes things up never gets beyond "not found"."""
        if self.chance.random() < 0.5:
            return
        known = self._values.get(case.path, {})
        for name, value in list((case.path_parameters or {}).items()):
            if name in known and (_is_uuid(value) or not _is_uuid(known[name])) and isinstance(value, str):
                case.path_parameters[name] = known[name]
        fits = case.meta is not None and case.meta.generation.mode.is_positive
        for part in (case.body, case.query):
            for name, word in self._words.items() if isinstance(part, dict) else ():
                if name == "email" and case.path == "/api/auth/email":
                    # One's own address is no new one.
                    continue
                if _is_uuid(part.get(name)) if _is_uuid(word) else fits and isinstance(part.get(name), str):
                    part[name] = word
        if fits and self.role not in WITHOUT_ACCOUNT and case.headers:
            # A made-up session would count before the log-in that there is.
            case.headers.pop("X-Session-Token", None)


def _name(operation: Any) -> str:
    return f"{operation.method.upper()} {operation.path}"


def _shape(address: Address) -> str:
    return address.route


def _is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False
