"""The receiver of docs/front.md, run as it stands there, and called as the bridge calls."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from chalicelib.endpoint import Endpoint
from chalicelib.errors import Misconfigured
from chalicelib.pipeline.front.endpoint import Signed
from tests.fakes import FakeSecrets
from tests.test_http import no_proxy

__all__ = ["no_proxy"]
PAGE = Path(__file__).parents[3] / "docs" / "front.md"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + "QUJD" * 12
BODY = b'{"channel":"instagram","account":"1","customerId":"55501","username":"","locale":"en"}'


@pytest.fixture
def url() -> Iterator[str]:
    [example] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    told: dict[str, Any] = {}
    exec(example, told)  # noqa: S102  # it is our own page
    vars_ = {"log_message": lambda *_: None}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Quiet", (told["Crm"],), vars_))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(60)
    server.server_close()


def ask(url: str, *keys: str, at_s: float | None = None, body: bytes = BODY) -> object:
    secrets = FakeSecrets(crm={"keys": list(keys)})
    calls = Signed(Endpoint([url]), secrets, lambda: time.time() if at_s is None else at_s)
    return calls.ask(url, "crm", body, 60.0)


def test_who_is_known_is_told(url: str) -> None:
    assert ask(url, KEY) == {"tier": "gold", "queue": "VIP", "priority": 900}


def test_while_the_key_changes_either_is_taken(url: str) -> None:
    assert ask(url, OTHER, KEY) == ask(url, KEY, OTHER)


def test_who_is_not_known_is_nobody(url: str) -> None:
    assert ask(url, KEY, body=BODY.replace(b"55501", b"55502")) == {}


def test_another_key_and_another_time_are_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="401"):
        ask(url, OTHER)
    with pytest.raises(Misconfigured, match="401"):
        ask(url, KEY, at_s=time.time() - 400)
