"""A webhook secret may be one account's own: what it signs says whose it is."""

from __future__ import annotations

import pytest

from tests.contract.signing import signed
from tests.edge.kit import BODIES, PLATFORMS, SECRET, EdgeKit
from tests.fakes import START

SHOP, OTHER = "instagram#17841400000000001", "tiktok#-000TeaShop"
OWN = {"shop-own-secret-0001": SHOP, "other-own-secret-0001": OTHER}
each_platform = pytest.mark.parametrize("platform", PLATFORMS)


def kit(platform: str, **held: object) -> EdgeKit:
    bench = EdgeKit()
    bench.secrets.stored[platform] = {
        "secrets": [SECRET],
        "accounts": {SHOP: ["shop-own-secret-0001"], OTHER: ["other-own-secret-0001"]},
    } | held
    return bench


def signer(bench: EdgeKit, platform: str, secret: str) -> list[str]:
    assert bench.post(platform, signed(platform, BODIES[platform], secret, START)).status == 200
    return [event.signer for event in bench.stored]


@each_platform
@pytest.mark.parametrize(("secret", "owner"), OWN.items())
def test_an_event_tells_whose_own_secret_signed_it(platform: str, secret: str, owner: str) -> None:
    assert signer(kit(platform), platform, secret) == [owner]


@each_platform
def test_what_all_share_is_nobodys_own(platform: str) -> None:
    assert signer(kit(platform), platform, SECRET) == [""]
    shared = kit(
        platform, secrets=[], accounts={SHOP: ["one-secret-for-two-shops"], OTHER: ["one-secret-for-two-shops"]}
    )
    answer = shared.post(platform, signed(platform, BODIES[platform], "one-secret-for-two-shops", START))
    assert answer.status == 401
    assert shared.stored == []


@each_platform
def test_without_a_shared_one_only_accounts_own_secrets_sign(platform: str) -> None:
    bench = kit(platform, secrets=[])
    assert bench.post(platform, signed(platform, BODIES[platform], SECRET, START)).status == 401
    assert signer(bench, platform, "shop-own-secret-0001") == [SHOP]


@each_platform
@pytest.mark.parametrize("left", ["…", "short", "change-me-please", "make-up-more-than-15-characters"])
def test_what_an_example_had_in_its_place_signs_nothing(platform: str, left: str) -> None:
    for held in ({"secrets": [left], "accounts": {}}, {"secrets": [], "accounts": {SHOP: [left]}}):
        bench = kit(platform, **held)
        answer = bench.post(platform, signed(platform, BODIES[platform], left, START))
        assert (answer.status, answer.body) == (401, "refused: no_secret")


@each_platform
@pytest.mark.parametrize("odd", [None, [], "word", {SHOP: None}, {SHOP: {}}, {SHOP: [5, ""]}, {SHOP: []}])
def test_an_odd_list_of_own_secrets_is_none(platform: str, odd: object) -> None:
    bench = kit(platform, accounts=odd)
    assert signer(bench, platform, SECRET) == [""]
    forged = signed(platform, BODIES[platform], "shop-own-secret-0001", START)
    assert bench.post(platform, forged).status == 401
