"""What holds for every test: an empty home folder, and property tests that try the same on every machine, untimed."""

from __future__ import annotations

import gc
import json
import os
import tempfile
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import botocore.session
import pytest
from botocore.exceptions import ParamValidationError
from botocore.loaders import create_loader
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from chalicelib.aws.short import Short
from tests.as_one import as_one

TESTS = Path(__file__).parent
# Folders whose tests share one sandbox, of which a process can have but one; and in how many of them they are played.
TOGETHER = {"scenarios": 2, "extension": 1}

# A busy machine makes examples slowly, which says nothing of the code.
settings.register_profile(
    "dmdesk", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("dmdesk")

# A function reads the models of AWS' services once in its life; a process of tests lives a thousand such lives.
botocore.session.create_loader = cache(create_loader)

_sent, _judge = Short._sent, ParamValidator()


def _judged(client: Short, operation: str, body: bytes) -> tuple[int, bytes]:
    """As it is sent. Whatever botocore's model of the service does not allow is botocore's to refuse, and does not
    leave."""
    shape: Any = client.meta.service_model.operation_model(operation).input_shape
    found = _judge.validate(json.loads(body), shape)
    if found.has_errors():
        raise ParamValidationError(report=found.generate_report())
    return _sent(client, operation, body)


patch.object(Short, "_sent", _judged).start()


def pytest_configure(config: pytest.Config) -> None:
    """No developer's ~/.aws or ~/.netrc reaches a test, and the Genesys SDK, which on import watches the home
    folder with all that is in it, finds the setting that keeps it from doing so."""
    home = tempfile.TemporaryDirectory(prefix="dmdesk-home-")
    config.add_cleanup(home.cleanup)
    sdk = Path(home.name, ".genesyscloudpython", "config")
    sdk.parent.mkdir()
    sdk.write_text("[general]\nlive_reload_config = False\n", encoding="utf-8")
    os.environ["HOME"] = home.name


def pytest_collection(session: pytest.Session) -> None:
    """Each of several processes reads its share of the files first, so that on a fresh clone it rewrites the assertions
    of those and finds what the others have rewritten of theirs."""
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if count == 1:
        return
    first = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    for file in sorted(_asked_for(session.config), key=lambda file: file.stat().st_size)[first::count]:
        with suppress(Exception, pytest.skip.Exception):  # the collection will tell of it
            import_module(".".join(file.relative_to(TESTS.parent).with_suffix("").parts))


def _asked_for(config: pytest.Config) -> set[Path]:
    """The files of tests that will be collected."""
    ignored = [Path(path).resolve() for path in config.getoption("ignore") or []]
    asked = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    found = {file for path in asked for file in ([path] if path.is_file() else path.rglob("test_*.py"))}
    return {file for file in found if file.is_relative_to(TESTS) and not any(map(file.is_relative_to, ignored))}


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> pytest.Item | None:
    """One process runs the cases of a test together, unless some are chosen."""
    config = collector.config
    chosen = config.option.keyword or any("[" in argument for argument in config.args)
    if chosen or not os.environ.get("PYTEST_XDIST_WORKER") or not isinstance(collector, pytest.Module):
        return None
    return as_one(collector, name, obj)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process runs all that share a sandbox."""
    for item in items:
        folder = _folder(item.path)
        if folder in TOGETHER:
            share = _place(item.path) % TOGETHER[folder]
            item.add_marker(pytest.mark.xdist_group(f"{folder}-{share}" if share else folder))


@cache  # thousands of tests stand in two hundred files
def _folder(file: Path) -> str:
    """Which folder of tests/ the file is in."""
    return file.relative_to(TESTS).parts[0]


@cache
def _place(file: Path) -> int:
    """Which of its folder's the file is."""
    return sorted(file.parent.glob("test_*.py")).index(file)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is loaded by now stays, and need not be looked through for garbage again and again; and it is what property
    tests take their examples from.

    Groups that are not kept would start a sandbox in each process, and let tests of one disturb each other."""
    gc.collect()
    gc.freeze()
    # Hypothesis tries what stands in the modules that are loaded: with those that a test before has loaded, what it
    # tries would depend on which tests this process has run.
    known = providers._get_local_constants()
    vars(providers)["_get_local_constants"] = lambda: known
    if not session.config.getoption("loadgroup", default=False):
        return
    loose = [item.nodeid for item in session.items if item.get_closest_marker("xdist_group") and "@" not in item.nodeid]
    if loose:
        raise pytest.UsageError(f"pytest-xdist does not group tests under this pytest: {loose[0]}")
