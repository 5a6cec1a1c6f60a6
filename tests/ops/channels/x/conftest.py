"""A deployment with one account of X beside the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from ops.__main__ import cli
from tests.ops.channels.x.platform import BEARER, BRAND, TOKEN, Platform
from tests.ops.conftest import HOOK, Deployment, Ran

SECRET = "dmdesk/account/" + BRAND
TOKENS = {"access_token": TOKEN, "refresh_token": "x-refresh-token-0001"}


class OnX:
    """The platform, and the account's secret."""

    def __init__(self, deployment: Deployment, platform: Platform) -> None:
        self.deployment, self.platform = deployment, platform

    def run(self, *arguments: str, given: str | None = None) -> Ran:
        ran = Ran(CliRunner().invoke(cli, arguments, input=given))
        for secret in (BEARER, TOKEN):
            assert secret not in ran.out + ran.err
        return ran

    def holds(self, **more: Any) -> None:
        self.deployment.secret(SECRET, TOKENS | more)

    @property
    def held(self) -> dict[str, Any]:
        found = self.deployment.aws.client("secretsmanager").get_secret_value(SecretId=SECRET)
        return dict(json.loads(found["SecretString"]))


@pytest.fixture
def on_x(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnX]:
    platform = Platform()
    platform.web.start()
    monkeypatch.setenv("DMDESK_X_API", platform.web.url)
    monkeypatch.setenv("DMDESK_WEBHOOK_URL", HOOK)
    deployment.account("x", BRAND, name="acme")
    deployment.secret("dmdesk/x", {"secrets": ["x-consumer-secret-0001"], "bearer_token": BEARER})
    made = OnX(deployment, platform)
    made.holds()
    yield made
    platform.web.stop()
