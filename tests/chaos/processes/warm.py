"""What every process begins with, made once in the process that they are forked from: a new one is there in some
milliseconds, as a machine is that has booted before."""

from __future__ import annotations

import gc
import os

from chalicelib.runtime import Runtime
from chalicelib.settings import PREFIX, load
from tests.chaos.processes import worker

if f"{PREFIX}TABLE" in os.environ:
    _warm = Runtime(load(os.environ))
    for _role in worker.HANDLERS:
        worker.prepare(_warm, _role)
    gc.freeze()
