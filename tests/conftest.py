"""What holds for every test: an empty home folder, and property tests that try the same on every machine, untimed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("dmdesk", deadline=None, derandomize=True, database=None)
settings.load_profile("dmdesk")


def pytest_configure(config: pytest.Config) -> None:
    """No developer's ~/.aws or ~/.netrc reaches a test, and the Genesys SDK, which on import watches the home
    folder with all that is in it, finds the setting that keeps it from doing so."""
    home = tempfile.TemporaryDirectory(prefix="dmdesk-home-")
    config.add_cleanup(home.cleanup)
    sdk = Path(home.name, ".genesyscloudpython", "config")
    sdk.parent.mkdir()
    sdk.write_text("[general]\nlive_reload_config = False\n", encoding="utf-8")
    os.environ["HOME"] = home.name
