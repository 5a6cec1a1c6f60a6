"""The embedded CloudWatch, started as a program: `python -m tests.deploy.cloudwatch PORT`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.middleware import AsyncioWSGIMiddleware
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from tests.deploy.repeating import Repeating

LONGEST = 1 << 20  # bytes: a dashboard is one call


def main() -> None:
    """Serves until it is ended."""
    config = Config()
    config.bind = [f"127.0.0.1:{sys.argv[1]}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    moto: Any = AsyncioWSGIMiddleware(DomainDispatcherApplication(create_backend_app), max_body_size=LONGEST)
    app: Any = Repeating(moto)
    asyncio.run(serve(app, config, shutdown_trigger=asyncio.Event().wait))


if __name__ == "__main__":
    main()
