"""x-keys: an account's private keys are made or fetched once, and lie in its secret and nowhere else."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

import pytest
from chat_xdk import Chat

from ops.channels.x import keys
from sandbox.stage.web import RESET, Answer
from tests.ops.channels.x.conftest import SECRET, TOKENS, OnX
from tests.ops.channels.x.platform import BRAND, RESET_AT, problem

pytestmark = pytest.mark.xdist_group("ops")
PATH = f"/2/users/{BRAND}/public_keys"
LIMITED = Answer(429, {"errors": [{"code": 88}]}, {"x-rate-limit-reset": RESET_AT})
PIN = "271828"
CONFIG = {"realms": [{"id": "realm-1", "address": "https://realm.example"}], "token_map": {}}


class Made:
    """Somebody's keys, as the library makes them: `blob` the private ones, `row` what X shows of them."""

    def __init__(self, version: str = "1795600000001") -> None:
        chat = Chat()
        public = chat.generate_keypairs().public_key
        self.version, self.raw = version, bytes(chat.export_keys() or b"")
        self.blob = base64.b64encode(self.raw).decode()
        self.row: dict[str, Any] = {
            "public_key_version": version,
            "public_key": public.public_key,
            "signing_public_key": public.signing_public_key,
            "identity_public_key_signature": public.identity_public_key_signature,
        }
        self.kept = {"user_id": BRAND, "version": version, "identity": self.blob}


def asked(on_x: OnX, *arguments: str, given: str | None = None) -> Any:
    """What the command did, once it is sure that it printed no private key."""
    before = [on_x.held.get(name) for name in ("x_keys", "x_keys_pending")]
    ran = on_x.run("x-keys", *arguments, "--json", given=given)
    after = [on_x.held.get(name) for name in ("x_keys", "x_keys_pending")]
    for one in filter(None, (*before, *after)):
        assert one["identity"] not in ran.out + ran.err
    return ran


# --- create


def test_new_keys_are_kept_and_registered(on_x: OnX) -> None:
    ran = asked(on_x, "create", BRAND)
    held = on_x.held
    [row] = on_x.platform.rows
    chat = Chat()
    chat.import_keys(base64.b64decode(held["x_keys"]["identity"]))
    assert chat.matches_registered_key(row["public_key"])
    assert ran.json == {"account": BRAND, "secret": SECRET, "version": row["public_key_version"], "changed": True}
    assert held == TOKENS | {"x_keys": held["x_keys"]}
    assert (held["x_keys"]["user_id"], held["x_keys"]["version"]) == (BRAND, row["public_key_version"])


def test_what_is_registered_is_what_x_asks_for(on_x: OnX) -> None:
    asked(on_x, "create")  # the only account needs no name
    [(path, body)] = on_x.platform.made("POST")
    assert (path, set(body)) == (PATH, {"version", "generate_version", "public_key"})
    assert set(body["public_key"]) == {
        "public_key", "signing_public_key", "identity_public_key_signature", "signing_public_key_signature",
        "public_key_fingerprint", "registration_method",
    }  # fmt: skip


def test_keys_lie_in_the_secret_before_x_hears_of_them(on_x: OnX) -> None:
    on_x.platform.refusals["POST", PATH] = LIMITED
    ran = asked(on_x, "create", BRAND)
    waiting = on_x.held["x_keys_pending"]
    assert (ran.code, len(base64.b64decode(waiting["identity"])), "x_keys" in on_x.held) == (1, 64, False)
    assert "until 2026-11-27T11:00:00" in ran.json["error"]
    assert f"dmdesk x-keys create {BRAND} goes on with them" in ran.json["fix"]
    on_x.platform.refusals.clear()
    assert asked(on_x, "create", BRAND).code == 0
    assert on_x.held["x_keys"]["identity"] == waiting["identity"]
    assert "x_keys_pending" not in on_x.held
    assert len(on_x.platform.rows) == 1


def test_a_registration_whose_answer_was_lost_is_not_made_twice(on_x: OnX) -> None:
    on_x.platform.refusals["POST", PATH] = RESET
    assert asked(on_x, "create", BRAND).code == 1
    on_x.platform.refusals.clear()
    ran = asked(on_x, "create", BRAND)
    assert (ran.code, len(on_x.platform.rows)) == (0, 1)
    assert on_x.held["x_keys"]["version"] == on_x.platform.rows[0]["public_key_version"]


def test_created_twice_they_are_as_they_were(on_x: OnX) -> None:
    asked(on_x, "create", BRAND)
    held = on_x.held
    ran = asked(on_x, "create", BRAND)
    assert (ran.code, ran.json["changed"], on_x.held, len(on_x.platform.rows)) == (0, False, held, 1)


def test_keys_of_the_app_are_not_replaced_unasked(on_x: OnX) -> None:
    on_x.platform.rows.append(Made().row)
    ran = asked(on_x, "create", BRAND)
    assert (ran.code, on_x.held, on_x.platform.made("POST")) == (1, TOKENS, [])
    assert ran.json["error"] == "the account has keys at X already: 1795600000001"
    assert f"dmdesk x-keys import {BRAND}" in ran.json["fix"]
    assert "--replace" in ran.json["fix"]


def test_what_is_replaced_stays_beside_the_new(on_x: OnX) -> None:
    old = Made()
    on_x.platform.rows.append(old.row)
    on_x.holds(x_keys=old.kept)
    assert asked(on_x, "create", BRAND, "--replace").code == 0
    held = on_x.held
    assert held["x_keys_former"] == [old.kept]
    assert held["x_keys"]["identity"] != old.blob
    assert asked(on_x, "status", BRAND).json[0] == {
        "account": BRAND, "held": held["x_keys"]["version"], "pending": "", "former": [old.version],
        "at_x": [held["x_keys"]["version"], old.version], "matches": held["x_keys"]["version"], "missing": "",
        "fix": "",
    }  # fmt: skip


# --- import


@pytest.mark.parametrize("spelled", ["{}", "{}\n", '"{}"', " {} "])
def test_keys_are_taken_from_standard_input(on_x: OnX, spelled: str) -> None:
    made = Made()
    on_x.platform.rows += [Made("1795600000000").row, made.row]
    ran = asked(on_x, "import", BRAND, given=spelled.format(made.blob))
    assert (ran.code, ran.json["version"]) == (0, made.version)
    assert on_x.held == TOKENS | {"x_keys": made.kept}


def test_the_url_safe_alphabet_is_base64_too(on_x: OnX) -> None:
    made = next(one for one in (Made() for _ in range(1000)) if {"+", "/"} & set(one.blob))
    on_x.platform.rows.append(made.row)
    assert asked(on_x, "import", given=base64.urlsafe_b64encode(made.raw).decode().rstrip("=")).code == 0
    assert on_x.held["x_keys"] == made.kept


@pytest.mark.parametrize(
    "given", ["", "no base64 at all", base64.b64encode(bytes(range(32))).decode(), base64.b64encode(bytes(64)).decode()]
)
def test_what_can_be_no_keys_is_refused(on_x: OnX, given: str) -> None:
    ran = asked(on_x, "import", BRAND, given=given)
    assert (ran.code, on_x.held) == (1, TOKENS)


def test_anothers_keys_are_refused(on_x: OnX) -> None:
    on_x.platform.rows.append(Made().row)
    ran = asked(on_x, "import", BRAND, given=Made().blob)
    assert (ran.code, on_x.held) == (1, TOKENS)
    assert ran.json["error"] == f"none of X's rows of {BRAND} belongs to these keys"


def test_half_a_pair_is_anothers(on_x: OnX) -> None:
    made, other = Made(), Made()
    on_x.platform.rows.append(made.row)
    halves = base64.b64encode(made.raw[:32] + other.raw[32:]).decode()
    assert asked(on_x, "import", BRAND, given=halves).code == 1
    assert on_x.held == TOKENS


def test_keys_of_a_version_that_is_told_need_no_row(on_x: OnX) -> None:
    made = Made("1795600000009")
    assert asked(on_x, "import", BRAND, "--key-version", made.version, given=made.blob).code == 0
    assert on_x.held["x_keys"] == made.kept


def test_imported_twice_nothing_is_former(on_x: OnX) -> None:
    made = Made()
    on_x.platform.rows.append(made.row)
    for _ in range(2):
        assert asked(on_x, "import", BRAND, given=made.blob).code == 0
    assert on_x.held == TOKENS | {"x_keys": made.kept}


# --- import by PIN


class Realms:
    """The library, whose realms give the keys for the right PIN and count the wrong ones."""

    def __init__(self, made: Made, left: int) -> None:
        self._made, self.left, self.tried = made, left, 0

    def Chat(self, config: str | None = None) -> Any:
        realms, chat = self, Chat()
        if config is None:
            return chat
        assert json.loads(config) == CONFIG

        class Opening:
            def unlock(self, pin: bytearray) -> None:
                realms.tried += 1
                if bytes(pin) != PIN.encode():
                    realms.left -= 1
                    raise ValueError("Juicebox error: Invalid PIN", realms.left)
                chat.import_keys(realms._made.raw)

            def export_keys(self) -> bytearray | None:
                return chat.export_keys()

        return Opening()

    def guesses_remaining(self, error: ValueError) -> int | None:
        return error.args[1] if len(error.args) > 1 else None


@pytest.fixture
def made(on_x: OnX) -> Made:
    one = Made()
    on_x.platform.rows += [Made("99").row, one.row | {"juicebox_config": CONFIG}]
    return one


def by_pin(on_x: OnX, monkeypatch: pytest.MonkeyPatch, realms: Realms, typed: Iterable[str], *more: str) -> Any:
    monkeypatch.setattr(keys, "sdk", lambda: realms)
    ran = asked(on_x, "import", BRAND, "--pin", *more, given="".join(f"{pin}\n" for pin in typed))
    assert PIN not in ran.out + ran.err + json.dumps(on_x.held)
    return ran


def test_the_pin_opens_and_is_kept_nowhere(on_x: OnX, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = by_pin(on_x, monkeypatch, Realms(made, 20), [PIN])
    assert (ran.code, ran.json["version"]) == (0, made.version)
    assert on_x.held == TOKENS | {"x_keys": made.kept}
    assert all(PIN not in json.dumps(call) for call in on_x.platform.calls)


def test_a_wrong_pin_tells_what_is_left(on_x: OnX, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = by_pin(on_x, monkeypatch, Realms(made, 20), ["000000", "111111", PIN])
    assert (ran.code, "x_pin_guesses" in on_x.held) == (0, False)
    assert "wrong PIN: 19 guesses left\n" in ran.err
    assert "wrong PIN: 18 guesses left\n" in ran.err


def test_few_guesses_are_not_spent(on_x: OnX, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    realms = Realms(made, 7)
    ran = by_pin(on_x, monkeypatch, realms, ["0", "1", "2", "3"])
    assert (ran.code, realms.left, on_x.held["x_pin_guesses"]) == (1, 5, 5)
    assert ran.json["error"] == "5 guesses are left, and after the last one the keys are gone"
    assert by_pin(on_x, monkeypatch, realms, [PIN]).code == 1
    assert realms.tried == 2


def test_a_guess_that_is_wanted_is_one(on_x: OnX, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    on_x.holds(x_pin_guesses=4)
    realms = Realms(made, 4)
    assert by_pin(on_x, monkeypatch, realms, ["0", "1"], "--few-guesses").code == 1
    assert (realms.tried, on_x.held["x_pin_guesses"]) == (1, 3)
    assert by_pin(on_x, monkeypatch, realms, [PIN], "--few-guesses").code == 0
    assert on_x.held == TOKENS | {"x_keys": made.kept}


def test_locked_keys_are_not_tried(on_x: OnX, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    on_x.holds(x_pin_guesses=0)
    realms = Realms(made, 0)
    ran = by_pin(on_x, monkeypatch, realms, [PIN], "--few-guesses")
    assert (ran.code, realms.tried) == (1, 0)
    assert "locked for good" in ran.json["error"]


def test_realms_that_do_not_answer_cost_no_guess(on_x: OnX, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away(Realms):
        def guesses_remaining(self, error: ValueError) -> int | None:
            return None

    ran = by_pin(on_x, monkeypatch, Away(made, 20), ["999999"])
    assert (ran.code, on_x.held) == (1, TOKENS)
    assert ran.json["error"].startswith("the realms that keep the keys did not give them")


def test_without_a_place_that_x_tells_no_pin_is_asked(on_x: OnX, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Made()
    on_x.platform.rows.append(one.row)
    realms = Realms(one, 20)
    ran = by_pin(on_x, monkeypatch, realms, [PIN])
    assert (ran.code, realms.tried) == (1, 0)


# --- status


def test_an_account_without_keys_is_told_what_it_lacks(on_x: OnX) -> None:
    ran = asked(on_x, "status")
    assert (ran.code, ran.json[0]["missing"]) == (1, "the bridge has no keys")
    assert ran.json[0]["fix"] == f"dmdesk x-keys create {BRAND}"
    on_x.platform.rows.append(Made().row)
    assert f"dmdesk x-keys import {BRAND}" in asked(on_x, "status").json[0]["fix"]


@pytest.mark.parametrize(
    ("versions", "ours", "missing"),
    [
        ([], "5", "X knows no keys of the account"),
        (["5"], "4", "X calls the bridge's keys 5, the secret 4"),
        (["5", "10"], "5", "X has newer keys, 10: what is encrypted to them cannot be read"),
        (["5", "0"], "5", ""),
    ],
)
def test_versions_are_compared_as_numbers(on_x: OnX, versions: list[str], ours: str, missing: str) -> None:
    one = Made(ours)
    rows = [Made(version).row for version in versions]
    on_x.platform.rows += [one.row | {"public_key_version": row["public_key_version"]} if at == 0 else row
                           for at, row in enumerate(rows)]  # fmt: skip
    on_x.holds(x_keys=one.kept)
    ran = asked(on_x, "status")
    assert (ran.code, ran.json[0]["missing"]) == (1 if missing else 0, missing)


def test_another_pair_does_not_match(on_x: OnX) -> None:
    on_x.platform.rows.append(Made().row)
    on_x.holds(x_keys=Made().kept)
    assert asked(on_x, "status").json[0]["missing"] == "none of X's rows belongs to the bridge's keys"


def test_a_row_that_is_no_key_is_passed_over(on_x: OnX) -> None:
    one = Made()
    on_x.platform.rows += [{"public_key_version": "9"}, one.row | {"public_key": "!!"}, one.row]
    on_x.holds(x_keys=one.kept)
    assert asked(on_x, "status").json[0]["matches"] == one.version


def test_people_read_a_table(on_x: OnX) -> None:
    one = Made()
    on_x.platform.rows.append(one.row)
    on_x.holds(x_keys=one.kept)
    lines = [line.split() for line in on_x.run("x-keys", "status").out.splitlines()]
    assert lines == [
        ["ACCOUNT", "OURS", "AT", "X", "MATCHES", "FORMER", "MISSING"],
        [BRAND, one.version, one.version, one.version, "–", "nothing"],
    ]


def test_a_refused_token_says_how_to_log_in_again(on_x: OnX) -> None:
    on_x.platform.refusals["GET", PATH] = problem(401, "Unauthorized")
    ran = asked(on_x, "status")
    assert ran.code == 1
    assert f"dmdesk token set x {BRAND}" in ran.json["fix"]
    assert "media.write" in ran.json["fix"]


def test_of_several_accounts_one_has_to_be_named(on_x: OnX) -> None:
    on_x.deployment.account("x", "1111111111111111112")
    ran = asked(on_x, "create")
    assert (ran.code, ran.json["error"]) == (1, "there are several accounts of X")


def test_keys_made_elsewhere_are_found_beside_others() -> None:
    one, other = Made("1"), Made("2")
    rows = [keys._row(made.row) for made in (other, one)]
    found = keys.matching(one.raw, rows)
    assert found is not None
    assert found.version == "1"
