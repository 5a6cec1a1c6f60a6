"""PureCloudPlatformClientV2, tamed.

As it comes, the SDK starts three threads that watch a folder of the home directory, has no HTTP timeout,
repeats POSTs up to ten times, and puts request bodies into its logs if a file in the home directory says so.
"""

from __future__ import annotations

import json
import os
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import requests

from ops.errors import OpsError

TIMEOUT_S = (5.0, 20.0)


@cache
def load() -> ModuleType:
    """The SDK's module; the first call takes seconds."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / ".genesyscloudpython"
        folder.mkdir()
        # read once, while the module is imported
        (folder / "config").write_text("[general]\nlive_reload_config = False\n")
        held = os.environ.get("HOME")
        os.environ["HOME"] = home
        try:
            import PureCloudPlatformClientV2
        except ModuleNotFoundError:
            raise OpsError("this Python has no SDK of Genesys Cloud", "make operator") from None
        finally:
            if held is None:
                del os.environ["HOME"]
            else:
                os.environ["HOME"] = held
    module: ModuleType = PureCloudPlatformClientV2
    return module


def client(host: str) -> Any:
    """An ApiClient of that host that answers in time and never repeats a call."""
    sdk = load()
    made = sdk.ApiClient(host=host.rstrip("/"))
    made.set_http_client(_http(sdk))
    return made


def region_host(region: str) -> str | None:
    """The API host of an AWS region as the SDK lists it, None for one that it does not know."""
    hosts = load().PureCloudRegionHosts.__members__
    found = hosts.get(region.replace("-", "_"))
    return str(found.get_api_host()) if found else None


class _Answer:
    """A response as the SDK's code reads it."""

    def __init__(self, answer: requests.Response) -> None:
        self.status, self.reason, self.data = answer.status_code, answer.reason, answer.text
        self._headers = dict(answer.headers)

    def getheaders(self) -> dict[str, str]:
        return self._headers

    def getheader(self, name: str, default: str | None = None) -> str | None:
        return self._headers.get(name, default)


def _http(sdk: Any) -> Any:
    session = requests.Session()
    refused = sdk.rest.ApiException

    class Http(sdk.abstract_http_client.AbstractHttpClient):  # type: ignore[misc]  # the SDK has no types
        def request(self, options: Any) -> _Answer:
            form = options.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
            body = None if options.body is None else json.dumps(options.body)
            answer = session.request(
                options.method,
                options.url,
                params=options.query_params,
                data=urlencode(options.post_params) if form else body,
                headers=options.headers,
                timeout=TIMEOUT_S,
                allow_redirects=False,
            )
            if not 200 <= answer.status_code < 300:
                raise refused(http_resp=_Answer(answer))
            return _Answer(answer)

    return Http()
