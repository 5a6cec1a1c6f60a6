"""A simulated X's API: each call's route, who may make it, and what it does."""

from __future__ import annotations

from sandbox.simulators.x.access import USER, Caller, Way
from sandbox.simulators.x.encrypted_calls import EncryptedCalls
from sandbox.simulators.x.network import Network
from sandbox.simulators.x.plain_calls import PlainCalls
from sandbox.simulators.x.routing import ID, MEDIA, READ, Done, Route, alone, owned, route
from sandbox.stage.web import Call

_APP: tuple[Way, ...] = ("app",)


class Api:
    """`network` is what X holds."""

    def __init__(self, network: Network) -> None:
        self._net, self._plain = network, PlainCalls(network)
        encrypted = EncryptedCalls(network)
        self.routes = (*self._plain.routes(), *encrypted.routes(), *self._media(), *self._hooks())

    def public(self, path: str) -> Done | None:
        """What lies open to everybody, None where it does not."""
        return self._plain.public(path)

    def _media(self) -> list[Route]:
        library, own = self._net.library, owned
        chat = "/2/chat/media/upload"
        return [
            route("POST", "/2/media/upload/initialize", "media", USER, MEDIA, own(library.initialize)),
            route("POST", rf"/2/media/upload/(?P<identifier>{ID})/append", "media", USER, MEDIA,
                   own(library.append)),
            route("POST", rf"/2/media/upload/(?P<identifier>{ID})/finalize", "media", USER, MEDIA,
                   own(lambda owner, call, identifier: library.finalize(owner, identifier))),
            route("POST", "/2/media/upload", "media", USER, MEDIA, own(library.once)),
            route("GET", "/2/media/upload", "media", USER, MEDIA, own(library.status)),
            route("POST", rf"{chat}/(?P<identifier>{ID})/append", "media", USER, MEDIA, own(library.append_sealed)),
            route("POST", rf"{chat}/(?P<identifier>{ID})/finalize", "media", USER, MEDIA, own(library.end_sealed)),
        ]  # fmt: skip

    def _hooks(self) -> list[Route]:
        hooks = self._net.hooks
        either: tuple[Way, ...] = ("oauth2", "oauth1", "app")
        aaa = rf"/2/account_activity/webhooks/(?P<identifier>{ID})/subscriptions"
        activity = "/2/activity/subscriptions"
        return [
            route("POST", "/2/webhooks", "other", _APP, (), alone(hooks.create)),
            route("GET", "/2/webhooks", "other", _APP, (), alone(hooks.all)),
            route("POST", "/2/webhooks/replay", "other", _APP, (), self._replay),
            route("PUT", rf"/2/webhooks/(?P<identifier>{ID})", "other", _APP, (), alone(hooks.validate)),
            route("DELETE", rf"/2/webhooks/(?P<identifier>{ID})", "other", _APP, (), alone(hooks.delete)),
            route("POST", activity, "other", either, ("dm.read",), lambda caller, call: Done(
                hooks.subscribe(call, caller.account))),
            route("GET", activity, "other", either, (), alone(hooks.followed)),
            route("DELETE", rf"{activity}/(?P<identifier>{ID})", "other", _APP, (), alone(hooks.unfollow)),
            route("POST", f"{aaa}/all", "other", USER, READ, lambda caller, call, identifier: Done(
                hooks.subscribe_all(identifier, caller.user))),
            route("GET", f"{aaa}/all", "other", USER, (), lambda caller, call, identifier: Done(
                hooks.subscribed_all(identifier, caller.user))),
            route("GET", f"{aaa}/all/list", "other", _APP, (), alone(hooks.all_of)),
            route("DELETE", rf"{aaa}/(?P<user>{ID})/all", "other", _APP, (), alone(hooks.unsubscribe_all)),
            route("GET", "/2/account_activity/subscriptions/count", "other", _APP, (), alone(hooks.counted)),
        ]  # fmt: skip

    def _replay(self, caller: Caller, call: Call) -> Done:
        answer, hook, again, job = self._net.hooks.replay(call)
        return Done(answer, after=lambda: self._net.replayed(hook, again, job))
