"""A vendor's servers, as far as all of them are alike: an API over HTTP, and webhooks that go out."""

from __future__ import annotations

from contextlib import AbstractContextManager

from sandbox.stage.delivery import Deliveries
from sandbox.stage.web import Handle, WebServer


class Served:
    """What simulators begin with. It has a port at once, and serves once it is started."""

    _webhook_timeout_s = 10.0  # how long whoever gets a webhook may take

    def __init__(self, handle: Handle, port: int = 0) -> None:
        """`handle` answers the API's calls; port 0 takes any that is free."""
        self.deliveries = Deliveries()
        self._web = WebServer(handle, port)
        self.url = self._web.url

    def start(self) -> None:
        self._web.start()

    def stop(self) -> None:
        """Stop serving and delivering."""
        self.deliveries.stop()
        self._web.stop()

    def held(self) -> AbstractContextManager[None]:
        """No call of the API is at work meanwhile, nor what follows from its answer."""
        return self._web.held()
