"""Every call to AWS in this process, as it is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.client import BaseClient

from chalicelib.aws.short import Short


def overhear(monkeypatch: pytest.MonkeyPatch, told: Callable[[str, dict[str, Any]], object]) -> None:
    """Tells from here on of operation and parameters; twice where a client asks the short way and then botocore's."""

    def asking(make: Callable[..., Any], client: Any, operation: str, given: dict[str, Any]) -> Any:
        told(operation, given)
        return make(client, operation, given)

    for kind in (BaseClient, Short):
        make = partial(asking, vars(kind)["_make_api_call"])
        monkeypatch.setattr(kind, "_make_api_call", lambda client, *rest, make=make: make(client, *rest))
