"""Whether this machine has Terraform, said once for every test that needs it."""

from __future__ import annotations

import os
import shutil

import pytest

# Settings that a company sets by `environment` for an endpoint of its own: by default it is the region's.
OWN = {"DMDESK_BEDROCK_API"}


def needed() -> None:
    """Skips the test where Terraform is not installed; fails it in CI, which must run it."""
    if shutil.which("terraform") is not None:
        return
    if os.environ.get("CI"):
        pytest.fail("Terraform is not installed, and CI must run this")
    pytest.skip("Terraform is not installed")
