from payments.tests.conftest import _english, sandbox  # noqa: F401 - the same sandbox as for payments
