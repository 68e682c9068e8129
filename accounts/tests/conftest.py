import copy
from collections.abc import Iterator

import pytest

from sandbox.testing import SandboxClient


@pytest.fixture
def sandbox(sandbox_process, settings) -> Iterator[SandboxClient]:
    """The sandbox as Google, Facebook and the SMS network, with Buka asking them there."""
    client = SandboxClient(sandbox_process.url, smtp_port=int(sandbox_process.env["EMAIL_PORT"]))
    client.reset()
    providers = copy.deepcopy(settings.SOCIALACCOUNT_PROVIDERS)
    for each in providers.values():
        for name, url in each["URLS"].items():
            each["URLS"][name] = client.url + url[url.index("/openid/") :]
    settings.SOCIALACCOUNT_PROVIDERS = providers
    settings.AFRICASTALKING_URL = settings.TWILIO_URL = f"{client.url}/sms"
    yield client
    client.http.close()
