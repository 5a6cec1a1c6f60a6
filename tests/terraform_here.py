"""Whether this machine has Terraform, said once for every test that needs it."""

from __future__ import annotations

import os
import shutil

import pytest


def needed() -> None:
    """Skips the test where Terraform is not installed; fails it in CI, which must run it."""
    if shutil.which("terraform") is not None:
        return
    if os.environ.get("CI"):
        pytest.fail("Terraform is not installed, and CI must run this")
    pytest.skip("Terraform is not installed")
