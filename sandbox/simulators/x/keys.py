"""Who holds which keys of X Chat: real ones, made by chatxdk when somebody first needs them."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chat_xdk import Chat

Row = dict[str, str]
"""A published key, as GET /2/users/{id}/public_keys has it."""
FIELDS = ("public_key_version", "public_key", "signing_public_key", "identity_public_key_signature", "juicebox_config")


class Holder:
    """Somebody with an X app: private keys, and what of them is public. `user` is their id."""

    def __init__(self, user: str) -> None:
        from chat_xdk import Chat  # only where somebody encrypts: a sandbox starts without it

        self.user, self.chat = user, Chat()
        made = self.chat.generate_keypairs()
        self.version = made.version or ""
        self.chat.set_identity(user, self.version)
        public = made.public_key
        self.row: Row = {
            "public_key_version": self.version,
            "public_key": public.public_key,
            "signing_public_key": public.signing_public_key,
            "identity_public_key_signature": public.identity_public_key_signature,
        }

    @property
    def kept(self) -> dict[str, str]:
        """As the bridge keeps an account's keys in its secret."""
        identity = base64.b64encode(bytes(self.chat.export_keys() or b"")).decode()
        return {"user_id": self.user, "version": self.version, "identity": identity}


@dataclass
class Keys:
    """Everybody's keys, by the user's id. What was `put` from outside are rows whose private keys nobody here has."""

    _holders: dict[str, Holder] = field(default_factory=dict)
    _rows: dict[str, list[Row]] = field(default_factory=dict)

    def of(self, user: str) -> Holder:
        """Their own app, with keys that are published."""
        if user not in self._holders:
            self._holders[user] = Holder(user)
            self._rows.setdefault(user, []).append(self._holders[user].row)
        return self._holders[user]

    def plays(self, user: str) -> bool:
        """Whether their newest published keys are those of an app here."""
        holder, newest = self._holders.get(user), self.newest(user)
        return newest is None or (holder is not None and newest == holder.row)

    @staticmethod
    def reader() -> Chat:
        """Who holds no keys, and opens what they are given the conversation's key for."""
        from chat_xdk import Chat

        return Chat()

    def renew(self, user: str) -> Holder:
        """They set up X Chat anew: new keys, which are published beside the old ones."""
        self._holders.pop(user, None)
        return self.of(user)

    def publish(self, user: str, row: Row) -> None:
        """One more row of somebody's."""
        self._rows.setdefault(user, []).append(row)

    def put(self, user: str, rows: list[Row]) -> None:
        """These rows and no others."""
        self._rows[user] = list(rows)

    def rows(self, user: str) -> list[Row]:
        """What is published of them, oldest first; nothing of somebody who never set X Chat up."""
        return list(self._rows.get(user, ()))

    def newest(self, user: str) -> Row | None:
        """The row to encrypt for: versions are numbers."""
        return max(self.rows(user), key=lambda row: int(row["public_key_version"]), default=None)

    def signing(self, *users: str) -> list[dict[str, Any]]:
        """The users' rows, as chatxdk wants them to verify what they signed."""
        return [
            {
                "user_id": user,
                "public_key_version": row["public_key_version"],
                "public_key": row["signing_public_key"],
                "identity_public_key": row["public_key"],
                "identity_public_key_signature": row["identity_public_key_signature"],
            }
            for user in users
            for row in self.rows(user)
        ]

    def forget(self, keeping: set[str]) -> None:
        """Everybody but these."""
        self._holders = {user: one for user, one in self._holders.items() if user in keeping}
        self._rows = {user: [one.row] for user, one in self._holders.items()}


def binds(row: Row) -> bool:
    """Whether the identity key vouches for the signing key, as X checks of who registers."""
    from chat_xdk import Chat

    try:
        keys = (row["public_key"], row["signing_public_key"], row["identity_public_key_signature"])
        return bool(Chat().verify_key_binding(*keys))
    except ValueError:
        return False
