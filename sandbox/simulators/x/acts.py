"""What a customer can do in X, plain and encrypted, as it tells the bridge of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sandbox.simulators.x import dms
from sandbox.simulators.x.chats import Chat, Entry, Payload
from sandbox.simulators.x.dms import Message
from sandbox.simulators.x.files import SAMPLES, File
from sandbox.simulators.x.ids import is_group
from sandbox.simulators.x.keys import Holder
from sandbox.simulators.x.network import Network, Told, short_link
from sandbox.stage.acts import Act, about_of, known, text_of
from sandbox.stage.files import HEIGHT, WIDTH

_KINDS = {"picture": "photo", "gif": "animated_gif", "video": "video"}  # of plain messages
_NUMBERS = {"picture": 1, "gif": 2, "video": 3, "voice": 4, "file": 5}  # of encrypted ones, as chatxdk has them
_MEMBER = "2222222222222222299"


class XAct(Act):
    """`encrypted` says by which road, where both have the action; None: by that of the message that it concerns."""

    encrypted: bool | None = None


class Parties(NamedTuple):
    """`other` is the customer or the group, `writer` who of it acts."""

    account: str
    other: str
    writer: str


class Key(NamedTuple):
    """With which a member's app encrypts."""

    holder: Holder
    key: bytes
    version: str

    @property
    def given(self) -> dict[str, Any]:
        return {"conversation_key": self.key, "conversation_key_version": self.version}


class XActs:
    """Every action is delivered before its id is answered. A customer `g<number>` is a group; `g<number>/<id>` says who
    of it acts."""

    def __init__(self, network: Network) -> None:
        self._net = network
        self._plain: dict[str, Callable[[Parties, XAct], str]] = {
            "text": lambda who, act: self.say(who, text_of(act)),
            **dict.fromkeys(_KINDS, self._picture),
            "tap": lambda who, act: self.say(who, act.choice or text_of(act), answers=act.choice),
            "read": self._read,
            "typing": self._typing,
            "echo": lambda who, act: self.say(who._replace(writer=who.account), text_of(act)),
        }
        self._sealed: dict[str, Callable[[Parties, XAct], str]] = {
            "text": self._text,
            **dict.fromkeys(_NUMBERS, self._file),
            "reaction": self._reaction,
            "edit": lambda who, act: self._made(who, lambda key, chat: key.holder.chat.encrypt_edit(
                self._about(chat, act).encoded, text_of(act), **key.given)),
            "unsend": self._unsend,
            "tap": self._tap,
            "read": self._chat_read,
            "typing": lambda who, act: self._entered(who, lambda chat: self._net.chats.type(chat, who.writer)),
            "echo": self._echo,
            "request": self._request,
            "rotate": self._rotate,
            "rekey": self._rekey,
        }  # fmt: skip
        self._beside: dict[str, Callable[[Parties, XAct], str]] = {
            "block": self._block, "unblock": self._unblock, "revoke": self._revoke,
        }  # fmt: skip
        self.actions = tuple(dict.fromkeys((*self._plain, *self._sealed, *self._beside)))

    def do(self, account: str, customer: str, act: Act) -> str:
        """Does it; answers the message's or the event's id. ValueError names what X has otherwise."""
        known(act, self.actions)
        who, given = parties(account, customer), _given(act)
        if given.action in self._beside:
            return self._beside[given.action](who, given)
        both = given.action in self._plain and given.action in self._sealed
        sealed = self._is_sealed(who, given) if both or given.encrypted is not None else given.action in self._sealed
        does = self._sealed if sealed else self._plain
        if given.action not in does:
            road = "an encrypted" if sealed else "a plain"
            raise ValueError(f"{road} conversation of X's has none of it: {', '.join(does)}")
        return does[given.action](who, given)

    def _is_sealed(self, who: Parties, act: XAct) -> bool:
        if act.encrypted is not None:
            return act.encrypted
        with self._net.lock:
            return bool(act.about) and self._net.chats.between(who.account, who.other).named(act.about) is not None

    # --- plain

    def say(self, who: Parties, text: str, sample: str = "", answers: str = "") -> str:
        """A plain message with this text, or with a sample file."""
        net = self._net
        with net.lock:
            identifier = net.ids.next()
            said, links = net.shortened(text)
            picture = None
            if sample:
                mime, _, body = SAMPLES["video" if sample == "gif" else sample]
                picture = net.kept(identifier, _KINDS[sample], File(body(), mime))
                links += ((short_link(), f"https://twitter.com/messages/media/{identifier}"),)
                said = f"{said} {links[-1][0]}"
            told = net.said(who.account, who.other, Message(identifier, who.writer, said, picture, links, "", answers))
        self._tell(who, told)
        return identifier

    def _picture(self, who: Parties, act: XAct) -> str:
        return self.say(who, act.text, act.action)

    def _read(self, who: Parties, act: XAct) -> str:
        with self._net.lock:
            sent = [one.id for one in self._net.dms.of(who.account, who.other) if one.sender == who.account]
        seen = act.about or next(reversed(sent), "")
        if not seen:
            raise ValueError("the account has sent nothing that could be read")
        return self._indicated(who, "dm.read", "direct_message_mark_read_events", seen)

    def _typing(self, who: Parties, act: XAct) -> str:
        return self._indicated(who, "dm.indicate_typing", "direct_message_indicate_typing_events", "")

    def _indicated(self, who: Parties, event_type: str, name: str, seen: str) -> str:
        net = self._net
        with net.lock:
            event = dms.indicated(who.writer, who.account, int(net.clock() * 1000), seen)
            told = net.dm_told(who.account, event_type, name, event, [who.writer, who.account])
        self._tell(who, told)
        return seen

    # --- encrypted

    def whisper(self, who: Parties, text: str) -> str:
        """An encrypted message."""
        return self._made(who, lambda key, chat: key.holder.chat.encrypt_message(chat.id, text, **key.given))

    def _text(self, who: Parties, act: XAct) -> str:
        if not act.about:
            return self.whisper(who, text_of(act))

        def made(key: Key, chat: Chat) -> Payload:
            about, changes = self._about(chat, act).encoded, list(chat.changes.values())
            answer: Payload = key.holder.chat.encrypt_reply(
                chat.id, text_of(act), about, reply_to_ckces=changes, **key.given
            )
            return answer

        return self._made(who, made)

    def _file(self, who: Parties, act: XAct) -> str:
        mime, name, body = SAMPLES[act.action]
        content = body()

        def made(key: Key, chat: Chat) -> Payload:
            ciphertext = key.holder.chat.encrypt_stream(content, key.key)
            attachment = {
                "attachment_type": "media",
                "media_hash_key": self._net.library.seal(chat.id, ciphertext),
                "width": WIDTH,
                "height": HEIGHT,
                "filesize_bytes": len(content),
                "filename": name,
                "media_type": _NUMBERS[act.action],
            } | ({"duration_millis": 2000} if mime.startswith(("video/", "audio/")) else {})
            message: Payload = key.holder.chat.encrypt_message(chat.id, act.text, attachments=[attachment], **key.given)
            return message

        return self._made(who, made)

    def _reaction(self, who: Parties, act: XAct) -> str:
        """A text is the emoji; without one the reaction is taken back."""

        def made(key: Key, chat: Chat) -> Payload:
            about = self._about(chat, act).encoded
            reacts = key.holder.chat.encrypt_add_reaction if act.text else key.holder.chat.encrypt_remove_reaction
            reaction: Payload = reacts(about, act.text or "❤️", **key.given)
            return reaction

        return self._made(who, made)

    def _unsend(self, who: Parties, act: XAct) -> str:
        def entered(chat: Chat) -> Entry:
            about = self._about(chat, act)
            holder = self._net.keys.of(who.writer)
            action = holder.chat.prepare_message_delete(chat.id, [about.sequence_id], True)
            return self._net.chats.tell(chat, who.writer, action)

        return self._entered(who, entered)

    def _tap(self, who: Parties, act: XAct) -> str:
        def made(key: Key, chat: Chat) -> Payload:
            asked, option = offered(self._about(chat, act), act.choice)
            answer: Any = {"request_id": asked, "metadata": option.get("metadata"), "selected_option_id": option["id"]}
            tapped: Payload = key.holder.chat.encrypt_message(
                chat.id, option["label"], quick_reply={"response": {"options": answer}}, **key.given
            )
            return tapped

        return self._made(who, made)

    def _chat_read(self, who: Parties, act: XAct) -> str:
        def entered(chat: Chat) -> Entry:
            sent = [one for one in chat.entries if one.sender == who.account]
            about = self._about(chat, act) if act.about else next(reversed(sent), None)
            if about is None:
                raise ValueError("the account has sent nothing that could be read")
            return self._net.chats.read(chat, who.writer, about.sequence_id)

        return self._entered(who, entered)

    def _echo(self, who: Parties, act: XAct) -> str:
        if not self._net.keys.plays(who.account):
            raise ValueError("the account's keys are not those of its app here, which can encrypt nothing with them")
        return self.whisper(who._replace(writer=who.account), text_of(act))

    def _request(self, who: Parties, act: XAct) -> str:
        """A stranger's first message: X delivers nothing of it, and lists no such conversation."""
        net = self._net
        with net.lock:
            chat = self._chat(who)
            chat.request = True
            key = Key(*net.chats.ready(chat, who.writer))
            made = key.holder.chat.encrypt_message(chat.id, text_of(act), **key.given)
            entry = net.chats.write(chat, who.writer, made)
        return entry.message_id

    def _rotate(self, who: Parties, act: XAct) -> str:
        """The conversation gets another key, of which the next message tells."""
        with self._net.lock:
            chat = self._chat(who)
            self._net.chats.rotate(chat, who.writer)
            return chat.version

    def _rekey(self, who: Parties, act: XAct) -> str:
        """The customer sets X Chat up anew: their own keys are others, and so is the conversation's."""
        with self._net.lock:
            self._net.keys.renew(who.writer)
        return self._rotate(who, act)

    def _made(self, who: Parties, make: Callable[[Key, Chat], Payload]) -> str:
        def entered(chat: Chat) -> Entry:
            key = Key(*self._net.chats.ready(chat, who.writer))
            return self._net.chats.write(chat, who.writer, make(key, chat))

        return self._entered(who, entered)

    def _entered(self, who: Parties, enter: Callable[[Chat], Entry]) -> str:
        net = self._net
        with net.lock:
            chat = self._chat(who)
            entry = enter(chat)
            told = net.chat_told(who.account, chat, entry)
        self._tell(who, told)
        return entry.message_id

    def _chat(self, who: Parties) -> Chat:
        chat = self._net.chats.between(who.account, who.other)
        if is_group(who.other) and who.writer not in chat.members:
            self._net.chats.join(chat, who.writer)
        return chat

    @staticmethod
    def _about(chat: Chat, act: XAct) -> Entry:
        entry = chat.named(about_of(act))
        if entry is None:
            raise ValueError(f"{act.about} is no message of this encrypted conversation")
        return entry

    # --- beside messages

    def _block(self, who: Parties, act: XAct) -> str:
        self._net.closed.add((who.account, who.other))
        return who.other

    def _unblock(self, who: Parties, act: XAct) -> str:
        self._net.closed.discard((who.account, who.other))
        return who.other

    def _revoke(self, who: Parties, act: XAct) -> str:
        """The account's owner takes the app's rights away."""
        with self._net.lock:
            told = self._net.revoked(who.account)
        self._tell(who, told)
        return who.account

    def _tell(self, who: Parties, told: Told) -> None:
        """Outside the lock: whoever is told may call."""
        self._net.watch.customer(told.raw)
        self._net.post(told, dms.conversation_id(who.account, who.other))


def parties(account: str, customer: str) -> Parties:
    """Who acts, and with whom the account talks then."""
    other, _, writer = customer.partition("/")
    return Parties(account, other, writer or (_MEMBER if is_group(other) else other))


def offered(entry: Entry, choice: str) -> tuple[str, dict[str, Any]]:
    """The question's id and the option of a message that is named by its id or its words; ValueError where there is
    none."""
    asked = ((entry.opened.get("content") or {}).get("quick_reply") or {}).get("request") or {}
    options = (asked.get("options") or {}).get("options") or []
    for option in options:
        if choice in (option["id"], option["label"], option.get("metadata")):
            return str(asked["options"]["id"]), option
    raise ValueError(f"the message {entry.message_id} offers no choice {choice}")


def _given(act: Act) -> XAct:
    if isinstance(act, XAct):
        return act
    names = ("action", "text", "about", "choice", "customer", "account")
    return XAct(**{name: getattr(act, name) for name in names})
