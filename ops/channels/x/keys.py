"""The keys that open an account's encrypted messages: made or brought here once, and kept in the account's secret.

`x_keys` are those that the bridge uses, `x_keys_pending` those that X was not yet heard to know, `x_keys_former` those
that others took the place of: what was encrypted to them opens with them only.
docs.x.com/xchat/handling-private-keys, xchat/getting-started; github.com/xdevplatform/chat-xdk, docs/API.md
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

import msgspec

from chalicelib.vocabulary.records import Account
from ops.bridge import Bridge
from ops.channels.x import api
from ops.errors import OpsError

KEYS, PENDING, FORMER, GUESSES = "x_keys", "x_keys_pending", "x_keys_former", "x_pin_guesses"
FIELDS = "public_key_version,public_key,signing_public_key,identity_public_key_signature"
# Two private keys of 32 bytes: identity and signing.
LENGTH = 64
# X's realms forget the keys for good after so many wrong PINs (20 with its config); below this the operator has to
# want it: API.md
FEW = 5
NOWHERE = "the account has no keys at X: dmdesk x-keys create makes some"
IMPORT = "dmdesk x-keys import {0} < file, or --pin with the PIN of X's app"
CREATE = "dmdesk x-keys create {0}"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A pair of public keys as X has it; `juicebox` is where its private ones are kept, as X gives it, "" for nowhere
    that is told."""

    version: str
    public_key: str
    signing: str
    juicebox: str = ""


class Blob(msgspec.Struct, frozen=True, kw_only=True):
    """An account's private keys, base64, with the version that X knows their public ones by."""

    user_id: str
    version: str
    identity: str


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the bridge and X have of an account's keys. `missing` says in words what stands in the way, `fix` what mends
    it; both are empty where encrypted messages can be read."""

    account: str
    held: str
    pending: str
    former: list[str]
    at_x: list[str]
    matches: str
    missing: str
    fix: str


def sdk() -> ModuleType:
    """X's library for encrypted messages. Raises OpsError where this Python has none."""
    try:
        return import_module("chat_xdk")
    except ModuleNotFoundError:
        raise OpsError("this Python has no chatxdk", "make operator") from None


def rows(bridge: Bridge, account: Account, *, storage: bool = False) -> list[Row]:
    """The account's public keys at X, the newest first; with where the private ones are kept, where `storage` asks for
    that. Raises OpsError."""
    fields = FIELDS + (",juicebox_config" if storage else "")
    path, what = f"/2/users/{account.id}/public_keys?public_key.fields={fields}", f"X {account.id}, public keys"
    token, renew = api.of_account(bridge, account), api.AUTHORISE.format(account.id)
    found = [_row(row) for row in api.objects(api.call(bridge, "GET", path, token, what, renew=renew))]
    # versions are times in ms: compared as numbers, as texts a longer one would come first
    return sorted(found, key=lambda row: (len(row.version), row.version), reverse=True)


def _row(row: dict[str, Any]) -> Row:
    config = row.get("juicebox_config")
    return Row(
        version=str(row.get("public_key_version", "")),
        public_key=str(row.get("public_key", "")),
        signing=str(row.get("signing_public_key", "")),
        juicebox=json.dumps(config) if isinstance(config, dict) and config else "",
    )


def matching(blob: bytes, known: Sequence[Row]) -> Row | None:
    """The row of which these are the private keys, both of them. Raises OpsError where they can be none."""
    chat = sdk().Chat()
    try:
        chat.import_keys(blob)
    except ValueError:
        raise OpsError("these bytes are no keys of X's", "give what export_keys() of X's library answered") from None
    signing = base64.b64decode(chat.get_public_keys().signing)
    return next((row for row in known if _is(chat, row.public_key) and _point(row.signing) == signing), None)


def _is(chat: Any, public_key: str) -> bool:
    try:
        return bool(chat.matches_registered_key(public_key))
    except ValueError:  # what is no key is not ours
        return False


def _point(spki: str) -> bytes:
    """The point at the end of a public key: X spells it as SPKI, its library as the bare 65 bytes."""
    try:
        return base64.b64decode(spki, validate=True)[-65:]
    except (binascii.Error, ValueError):
        return b""


# --- what is held


def kept(held: dict[str, Any], name: str) -> Blob | None:
    """The keys that stand under this name in the account's secret, None where there are none that can be read."""
    try:
        return msgspec.convert(held.get(name), Blob)
    except msgspec.ValidationError:
        return None


def private(blob: Blob) -> bytes:
    """The private keys themselves, b"" where they cannot be read."""
    try:
        made = base64.b64decode(blob.identity, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return made if len(made) == LENGTH else b""


def status(bridge: Bridge, account: Account) -> Known:
    """What is there, and what is missing. Raises OpsError where X cannot be asked."""
    held, known = bridge.secret(account.secret), rows(bridge, account)
    ours, waiting = kept(held, KEYS), kept(held, PENDING)
    listed = held.get(FORMER)
    former = listed if isinstance(listed, list) else []
    match = matching(private(ours), known) if ours is not None and private(ours) else None
    missing, fix = _missing(held, ours, match, known)
    if waiting is not None:
        missing = "; ".join(filter(None, [missing, "keys that were made are not registered"]))
        fix = f"{CREATE} goes on with them"
    return Known(
        account=account.id,
        held=ours.version if ours is not None else "",
        pending=waiting.version if waiting is not None else "",
        former=[str(one.get("version", "")) for one in former if isinstance(one, dict)],
        at_x=[row.version for row in known],
        matches=match.version if match is not None else "",
        missing=missing,
        fix=fix.format(account.id),
    )


def _missing(held: dict[str, Any], ours: Blob | None, match: Row | None, known: Sequence[Row]) -> tuple[str, str]:
    if ours is None:
        unread = "what stands under x_keys cannot be read" if held.get(KEYS) else "the bridge has no keys"
        return unread, IMPORT if known else CREATE
    if not known:
        return "X knows no keys of the account", CREATE
    if match is None:
        return "none of X's rows belongs to the bridge's keys", IMPORT
    if match.version != ours.version:
        return f"X calls the bridge's keys {match.version}, the secret {ours.version}", IMPORT
    if match.version != known[0].version:
        return f"X has newer keys, {known[0].version}: what is encrypted to them cannot be read", IMPORT
    return "", ""


# --- bringing them here


def bring(bridge: Bridge, account: Account, text: str, version: str) -> Blob:
    """Keeps the keys in the text (64 bytes, base64). `version` is for keys that X shows no row of. Raises OpsError."""
    made = _decoded(text)
    row = matching(made, rows(bridge, account))
    if row is None and not version:
        raise OpsError(
            f"none of X's rows of {account.id} belongs to these keys",
            "are they this account's? If X does not show its row yet, tell its version: --key-version …",
        )
    return _keep(bridge, account, made, row.version if row is not None else version)


def _decoded(text: str) -> bytes:
    word = "".join(text.split()).strip("\"'").replace("-", "+").replace("_", "/")
    try:
        made = base64.b64decode(word + "=" * (-len(word) % 4), validate=True)
    except (binascii.Error, ValueError):
        made = b""
    if len(made) != LENGTH or not any(made):
        raise OpsError(f"that is not {LENGTH} bytes in base64", "give what export_keys() of X's library answered")
    return made


def unlock(
    bridge: Bridge, account: Account, ask: Callable[[str], str], note: Callable[[str], None], *, risk: bool
) -> Blob:
    """Keeps the keys that X's realms give for the PIN of X's app. `ask` asks for it; it is neither kept nor told. A
    wrong one costs a guess: where few are left it is not asked for, but for `risk`. Raises OpsError."""
    row = next((row for row in rows(bridge, account, storage=True) if row.juicebox), None)
    if row is None:
        raise OpsError("X tells of no place where the account's keys are kept", NOWHERE)
    left = bridge.secret(account.secret).get(GUESSES)
    while True:
        _dare(account, left, risk=risk)
        risk = False  # one guess a run
        made, left = _opened(row, ask("PIN of X's app"))
        if made is not None:
            if matching(made, [row]) is None:
                raise OpsError("the keys that came are not those of the row that X shows", IMPORT.format(account.id))
            return _keep(bridge, account, made, row.version)
        _remember(bridge, account, left)
        note(f"wrong PIN: {left} guesses left")


def _dare(account: Account, left: object, *, risk: bool) -> None:
    if left == 0:
        raise OpsError("no guess is left: these keys are locked for good", CREATE.format(account.id) + " --replace")
    if isinstance(left, int) and left <= FEW and not risk:
        raise OpsError(
            f"{left} guesses are left, and after the last one the keys are gone",
            "be sure of the PIN, which opens X's app as well; then run it with --few-guesses",
        )


def _opened(row: Row, pin: str) -> tuple[bytes | None, int]:
    """The private keys, or None and how many guesses are left. Raises OpsError where it was not the PIN's fault."""
    module, word = sdk(), bytearray(pin.encode())
    chat = module.Chat(row.juicebox)
    try:
        chat.unlock(word)
        return bytes(chat.export_keys()), 0
    except ValueError as error:
        left = module.guesses_remaining(error)
        if left is None:
            why = str(error).partition("\n")[0].replace(pin, "…")
            raise OpsError(
                f"the realms that keep the keys did not give them: {why}",
                "run it again; see to the network between this machine and X's realms",
            ) from None
        return None, int(left)
    finally:
        word[:] = bytes(len(word))


def _remember(bridge: Bridge, account: Account, left: int) -> None:
    """How many guesses are left, for the next run: X tells it to whoever guesses wrongly only."""
    bridge.store(account, lambda held: held | {GUESSES: left})


def _keep(bridge: Bridge, account: Account, made: bytes, version: str) -> Blob:
    bridge.hide(base64.b64encode(made).decode())
    blob = Blob(user_id=account.id, version=version, identity=base64.b64encode(made).decode())
    bridge.store(account, lambda held: _with(held, blob))
    return blob


def _with(held: dict[str, Any], blob: Blob) -> dict[str, Any]:
    """The secret with these keys in use. Those in whose place they come are kept."""
    now = msgspec.to_builtins(blob)
    before, former = held.get(KEYS), held.get(FORMER)
    rest = {name: value for name, value in held.items() if name not in {PENDING, GUESSES}}
    if isinstance(before, dict) and before.get("identity") != blob.identity:
        rest[FORMER] = [before, *(former if isinstance(former, list) else [])]
    return rest | {KEYS: now}


# --- making them


def create(bridge: Bridge, account: Account, *, replace: bool) -> tuple[Blob, bool]:
    """Keys that X knows, and whether this run brought that about. New ones are kept before X is told of them, so that
    a run that is cut off, or refused, is gone on with by the next. Raises OpsError."""
    held, known = bridge.secret(account.secret), rows(bridge, account)
    ours = kept(held, KEYS)
    match = matching(private(ours), known) if ours is not None and private(ours) else None
    if kept(held, PENDING) is None:
        if ours is not None and match is not None and not replace:
            return ours, False
        _may_make(account, held, known, replace=replace)
    waiting = _pending(bridge, account)
    row = matching(_private_of(waiting), known)
    version = row.version if row is not None else _register(bridge, account, waiting)
    return _keep(bridge, account, _private_of(waiting), version), True


def _may_make(account: Account, held: dict[str, Any], known: Sequence[Row], *, replace: bool) -> None:
    if replace:
        return
    if known:
        raise OpsError(
            f"the account has keys at X already: {', '.join(row.version for row in known)}",
            f"{IMPORT.format(account.id)}; or --replace: then nobody, X's app included, reads here what others still "
            "encrypt to the former ones",
        )
    if held.get(KEYS):
        raise OpsError("the bridge has keys that X does not know", f"{CREATE.format(account.id)} --replace")


def _pending(bridge: Bridge, account: Account) -> dict[str, Any]:
    """The keys to be registered, as they lie in the secret now: of two runs the first one's."""
    made: dict[str, Any] = {}

    def change(held: dict[str, Any]) -> dict[str, Any]:
        waiting: dict[str, Any] | None = held.get(PENDING) if kept(held, PENDING) is not None else None
        made.update(waiting or _generated(account))
        return held | {PENDING: dict(made)}

    bridge.store(account, change)
    bridge.hide(made["identity"])
    return made


def _generated(account: Account) -> dict[str, Any]:
    chat = sdk().Chat()
    told = chat.generate_keypairs()
    public = {
        name: getattr(told.public_key, name)
        for name in (
            "public_key", "signing_public_key", "identity_public_key_signature", "signing_public_key_signature",
            "public_key_fingerprint", "registration_method",
        )
    }  # fmt: skip
    return {
        "user_id": account.id,
        "version": str(told.version),
        "identity": base64.b64encode(bytes(chat.export_keys())).decode(),
        "registration": {
            "version": str(told.version),
            "generate_version": bool(told.generate_version),
            "public_key": {name: value for name, value in public.items() if value is not None},
        },
    }


def _private_of(waiting: dict[str, Any]) -> bytes:
    made = private(msgspec.convert(waiting, Blob))
    if not made:
        raise OpsError(f"what stands under {PENDING} cannot be read", "take it out of the account's secret")
    return made


def _register(bridge: Bridge, account: Account, waiting: dict[str, Any]) -> str:
    """The version under which X knows them from now on (POST /2/users/{id}/public_keys)."""
    what, token, renew = f"X {account.id}", api.of_account(bridge, account), api.AUTHORISE.format(account.id)
    try:
        found = api.call(
            bridge, "POST", f"/2/users/{account.id}/public_keys", token, what, waiting.get("registration"), renew=renew
        )
    except OpsError as error:
        again = f"{CREATE.format(account.id)} goes on with them, and makes no others"
        raise OpsError(f"{error.message}; the keys lie in the account's secret", f"{error.fix}; {again}") from None
    data = found.get("data")
    version = str(data.get("public_key_version", "")) if isinstance(data, dict) else ""
    if version:
        return version
    row = matching(_private_of(waiting), rows(bridge, account))
    if row is None:
        raise OpsError("X took the keys and shows no row of them", f"{CREATE.format(account.id)} in a minute")
    return row.version
