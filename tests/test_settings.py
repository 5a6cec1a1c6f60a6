"""The environment: what is needed, what has a default, and what is told where something lacks."""

from __future__ import annotations

import pytest

from chalicelib.settings import load

REQUIRED = [
    "DMDESK_TABLE",
    "DMDESK_BUCKET",
    "DMDESK_INBOUND_QUEUE",
    "DMDESK_INBOUND_DEAD_LETTERS",
    "DMDESK_OUTBOUND_QUEUE",
    "DMDESK_OUTBOUND_DEAD_LETTERS",
    "DMDESK_INSTAGRAM_SECRET",
    "DMDESK_TIKTOK_SECRET",
    "DMDESK_X_SECRET",
    "DMDESK_GENESYS_WEBHOOK_SECRET",
    "DMDESK_GENESYS_OAUTH_SECRET",
    "DMDESK_MEDIA_SECRET",
    "DMDESK_PUBLIC_URL",
    "DMDESK_GENESYS_API",
    "DMDESK_GENESYS_LOGIN",
]
ENVIRONMENT = {name: f"value-of-{name}" for name in REQUIRED}


def test_the_required_names_suffice_and_the_vendors_have_their_real_addresses() -> None:
    settings = load(ENVIRONMENT)
    assert settings.table == "value-of-DMDESK_TABLE"
    assert settings.vendors["genesys_login"] == "value-of-DMDESK_GENESYS_LOGIN"
    assert settings.vendors["instagram_graph"] == "https://graph.instagram.com"
    assert settings.vendors["facebook_graph"] == "https://graph.facebook.com"
    assert settings.vendors["tiktok_api"] == "https://business-api.tiktok.com"
    assert settings.vendors["graph_version"] == "v25.0"
    assert (settings.media_days, settings.media_hosts) == (90, "")


def test_a_number_is_read_as_one() -> None:
    assert load(ENVIRONMENT | {"DMDESK_MEDIA_DAYS": "30"}).media_days == 30


@pytest.mark.parametrize("value", ["ninety", "90 days", "1.5", "0", "-3", "null", "٩٠x"])
def test_a_number_that_is_none_is_told_by_its_name(value: str) -> None:
    with pytest.raises(SystemExit, match=r"^dmdesk: DMDESK_MEDIA_DAYS is '[^']*': Expected `int`"):
        load(ENVIRONMENT | {"DMDESK_MEDIA_DAYS": value})


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("name", REQUIRED)
def test_each_missing_name_is_told(name: str, value: str | None) -> None:
    environment = {key: text for key, text in (ENVIRONMENT | {name: value}).items() if text is not None}
    with pytest.raises(SystemExit, match=f"dmdesk: set {name} \\(Terraform"):
        load(environment)


def test_all_missing_names_are_told_at_once() -> None:
    with pytest.raises(SystemExit) as caught:
        load({"TABLE": "x", "DMDESK_OTHER": "y"})
    assert [name for name in REQUIRED if name not in str(caught.value)] == []
    assert str(caught.value) == f"dmdesk: set {', '.join(REQUIRED)} (Terraform sets them on each function)"


def test_an_address_may_be_changed_and_loses_its_last_slash() -> None:
    settings = load(ENVIRONMENT | {"DMDESK_TIKTOK_API": "http://127.0.0.1:1/", "DMDESK_GENESYS_API": "https://a//"})
    assert settings.url("tiktok_api") == "http://127.0.0.1:1"
    assert settings.url("genesys_api") == "https://a"
    assert settings.url("instagram_graph") == "https://graph.instagram.com"


def test_what_is_set_besides_is_passed_over() -> None:
    assert load(ENVIRONMENT | {"PATH": "/bin", "DMDESK_ROLE": "edge"}) == load(ENVIRONMENT)
