"""All that a simulated X holds, and how it tells the brand's app of what happens."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sandbox.simulators.x import dms
from sandbox.simulators.x.access import Access, Account, App
from sandbox.simulators.x.chats import Chat, Chats, Entry
from sandbox.simulators.x.dms import Dms, Made, Message, Picture
from sandbox.simulators.x.files import FILMS, STILLS, TON, File, Library
from sandbox.simulators.x.hooks import Hook, Hooks, envelope, unsubscribed
from sandbox.simulators.x.ids import Snowflakes, between, is_group
from sandbox.simulators.x.keys import Keys
from sandbox.simulators.x.limits import Limits
from sandbox.simulators.x.thrift import head_of
from sandbox.stage.delivery import Deliveries
from sandbox.stage.files import png
from sandbox.stage.sources import json_object
from sandbox.stage.vendors import Echo
from sandbox.stage.watching import PhoneWatch, Unwatched
from sandbox.stage.web import to_json

_LINK = re.compile(r"https?://\S+")


class Network:
    """`url` is the API's, `clock` answers epoch seconds, `timeout_s` how long whoever gets a webhook may take.

    `attach_keys` has each encrypted message bring the event of its key, as X mostly does; `credits` are not used up;
    `repeats` is what a message gets that X has already; `closed` are the accounts and who takes nothing of them.
    """

    def __init__(
        self,
        app: App,
        clock: Callable[[], float],
        deliveries: Deliveries,
        url: str,
        retry_delays_s: Sequence[float],
        timeout_s: Callable[[], float],
    ) -> None:
        self.clock, self.deliveries, self.url = clock, deliveries, url
        self.lock = threading.RLock()
        self.ids = Snowflakes(clock)
        self.access, self.limits = Access(app, clock), Limits(clock)
        self.hooks, self.library = Hooks(app, self.ids, clock), Library(clock, self.ids)
        self.keys = Keys()
        self.chats, self.dms = Chats(self.keys, self.ids, clock), Dms()
        self.watch: PhoneWatch = Unwatched()
        self.echo: Echo = "after"
        self.retry_delays_s, self._timeout_s = tuple(retry_delays_s), timeout_s
        self.closed: set[tuple[str, str]] = set()
        self.attach_keys, self.credits, self.repeats = True, True, "same"

    def reset(self) -> None:
        """Nothing was said, and nothing was asked for; accounts, their tokens and keys, and webhooks stay."""
        self.limits, self.dms = Limits(self.clock), Dms()
        self.chats = Chats(self.keys, self.ids, self.clock)
        self.library.reset()
        self.library.processing_s, self.library.breaks = 1.0, False
        self.keys.forget(set(self.access.accounts))
        self.hooks.reset()
        self.closed.clear()
        self.attach_keys, self.credits, self.repeats = True, True, "same"

    @property
    def brands(self) -> dict[str, str]:
        """The accounts' user names."""
        return {account.id: account.username for account in self.access.accounts.values()}

    def account(self, identifier: str) -> Account:
        return self.access.accounts[identifier]

    def knows(self, account: str, other: str) -> bool:
        """Whether the two have ever talked: nobody else takes messages of the account here."""
        plain = self.dms.held.get(dms.conversation_id(account, other))
        return bool(plain) or between(account, other) in self.chats.held

    def learn(self, raw: bytes) -> None:
        """What a delivery that somebody else has made tells of who talks with whom, whatever its shape."""
        told = json_object(raw)
        data = told.get("data")
        payload = data.get("payload") if isinstance(data, dict) else told
        if not isinstance(payload, dict):
            return
        if isinstance(payload.get("encoded_event"), str):
            self._learn_sealed(payload, payload["encoded_event"])
        found = payload.get("direct_message_events")
        for event in found if isinstance(found, list) else []:
            self._learn_plain(event)

    def _learn_sealed(self, payload: Made, encoded: str) -> None:
        try:
            conversation = head_of(encoded).conversation
        except ValueError:
            return
        for account in self.access.accounts:
            if account not in conversation.split(":") and not is_group(conversation):
                continue
            other = self.chats.peer(account, conversation.replace(":", "-"))
            chat = self.chats.between(account, conversation if is_group(conversation) else other)
            version = str(payload.get("conversation_key_version", ""))
            change = payload.get("conversation_key_change_event")
            if isinstance(change, str):
                chat.changes.setdefault(version, change)
            entry = self.chats.entry(chat, encoded, version)
            if entry and chat.named(entry.message_id) is None:
                chat.entries.append(entry)

    def _learn_plain(self, event: Any) -> None:
        created = event.get("message_create") if isinstance(event, dict) else None
        if not isinstance(created, dict) or not str(event.get("id", "")).isdigit():
            return
        target, said = created.get("target"), created.get("message_data")
        sender = str(created.get("sender_id", ""))
        recipient = str(target.get("recipient_id", "")) if isinstance(target, dict) else ""
        text = str(said.get("text", "")) if isinstance(said, dict) else ""
        for account in {sender, recipient} & set(self.access.accounts):
            other = recipient if sender == account else sender
            if other.isdigit():
                self.dms.of(account, other).append(Message(str(event["id"]), sender, text))

    # --- plain messages

    def kept(self, message: str, kind: str, file: File, media: str = "") -> Picture:
        """A file of a plain message, where X keeps such ones."""
        media, name = media or self.ids.next(), secrets.token_urlsafe(6)
        extension = {"image/png": "png", "image/gif": "gif"}.get(file.mime, "jpg")
        if kind == "photo":
            path = self.library.keep(f"{TON}{message}/{media}/{name}.{extension}", file)
            return Picture(media, kind, self.url + path)
        folder = "dm_gif" if kind == "animated_gif" else "dm_video"
        film = self.library.keep(f"{FILMS}{folder}/{media}/{name}.mp4", file)
        still = self.library.keep(f"{STILLS}{folder}_preview/{media}/{name}.jpg", File(png(), "image/png"))
        return Picture(media, kind, self.url + still, self.url + film)

    def said(self, account: str, other: str, message: Message) -> Told:
        """The message is X's from now on."""
        self.dms.of(account, other).append(message)
        sent, group = message.sender == account, other.removeprefix("g") if is_group(other) else ""
        recipient = group or (other if sent else account)
        event = dms.message_create(message, recipient, group)
        event_type = "dm.sent" if sent else "dm.received"
        people = [message.sender, *([] if group else [recipient])]
        return self.dm_told(account, event_type, "direct_message_events", event, people)

    def dm_told(self, account: str, event_type: str, name: str, event: Made, people: Iterable[str]) -> Told:
        """An event of plain messages, by both APIs."""
        brands, named = self.brands, list(dict.fromkeys(people))
        v2 = {one: {"data": dms.counted_twice(dms.user(one, brands, self.url))} for one in named}
        flat = {one: dms.flat_user(one, brands, self.url) for one in named}
        whole = {"for_user_id": account, name: [event], "users": flat}
        return self._told(account, event_type, {name: [event], "users": v2}, whole)

    def shortened(self, text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The text as X keeps it, each link by a short one of its own, and what those stand for."""
        links: list[tuple[str, str]] = []

        def short(found: re.Match[str]) -> str:
            links.append((short_link(), found[0]))
            return links[-1][0]

        return _LINK.sub(short, text), tuple(links)

    # --- encrypted ones

    def chat_told(self, account: str, chat: Chat, entry: Entry) -> Told:
        """An event of the conversation: the X Activity API alone tells of them."""
        event_type = "chat.sent" if entry.sender == account else "chat.received"
        return self._told(account, event_type, self.chat_payload(chat, entry))

    def chat_payload(self, chat: Chat, entry: Entry) -> Made:
        told: Made = {
            "conversation_token": chat.token,
            "id": entry.message_id,
            "created_at_msec": str(entry.created_ms),
            "sender_id": entry.sender,
            "conversation_id": chat.id,
        }
        if entry.key_version:
            told["conversation_key_version"] = entry.key_version
        told["encoded_event"] = entry.encoded
        if self.attach_keys and entry.key_version in chat.changes:
            told["conversation_key_change_event"] = chat.changes[entry.key_version]
        if entry.signature:
            rows = {row["public_key_version"]: row for row in self.keys.rows(entry.sender)}
            told["message_event_signature"] = {
                "public_key_version": entry.signature.key_version,
                "signature": entry.signature.signature,
                "signature_version": entry.signature.version,
                "signing_public_key": rows.get(entry.signature.key_version, {}).get("signing_public_key", ""),
            }
        return told

    def revoked(self, account: str) -> Told:
        """The account's owner takes the app's rights away."""
        when, app = dms.rfc3339(int(self.clock() * 1000)), self.access.app.id
        self.access.revoke(self.account(account))
        revoke = {"date_time": when, "target": {"app_id": app}, "source": {"user_id": account}}
        payload = {"date_time": when, "user_id": account, "app_id": app}
        return self._told(account, "oauth.revoke", payload, {"user_event": {"revoke": revoke}})

    # --- telling

    def _told(self, account: str, event_type: str, payload: Made, whole: Made | None = None) -> Told:
        found = [(hook, to_json(envelope(one, payload))) for hook, one in self.hooks.subscribed(event_type, account)]
        if whole is not None:
            found += [(hook, to_json(whole)) for hook in self.hooks.following(account)]
        for hook, raw in found:
            self.hooks.noted(hook, raw)
        unasked = to_json(envelope(unsubscribed(event_type, account), payload))
        return Told(found[0][1] if found else unasked, tuple(found))

    def post(self, told: Told, key: str, *, wait: bool = True) -> int | None:
        """Delivers it to whoever is subscribed; the first attempt's status where that is waited for, None where nobody
        answered or nobody is."""
        statuses = [self.deliver(hook, raw, key, wait=wait) for hook, raw in told.to]
        return next(iter(statuses), None)

    def deliver(self, hook: Hook, raw: bytes, key: str = "", *, wait: bool = True) -> int | None:
        """Signs and delivers to a webhook, unless it has failed to prove itself."""
        if not self.hooks.takes(hook):
            return None
        how: dict[str, Any] = {
            "timeout_s": self._timeout_s(),
            "retry_delays_s": self.retry_delays_s,
            "retry_on": lambda status: status != 200,
            "key": key,
        }
        if wait:
            return self.deliveries.post(hook.url, raw, lambda: self._signed(raw), **how).status
        self.deliveries.send(hook.url, raw, lambda: self._signed(raw), **how)
        return None

    def _signed(self, raw: bytes) -> dict[str, str]:
        return {"Content-Type": "application/json", "x-twitter-webhooks-signature": self.hooks.sign(raw)}

    def replayed(self, hook: Hook, again: list[bytes], job: str) -> None:
        """A replay job: each delivery once more, in its order, and then how it went."""
        for raw in again:
            self.deliver(hook, raw, "replay", wait=False)
        words = {"job_state": "Complete", "job_state_description": "Job completed successfully"}
        told = {"replay_job_status": {"webhook_id": hook.id, **words, "job_id": job}}
        self.deliver(hook, to_json(told), "replay", wait=False)


class Told(NamedTuple):
    """What happened, as X tells of it: `raw` is the first delivery, or what it would be if anybody had asked for it,
    `to` what goes where."""

    raw: bytes
    to: tuple[tuple[Hook, bytes], ...]


def short_link() -> str:
    """By which X replaces a link."""
    return f"https://t.co/{secrets.token_hex(5)}"
