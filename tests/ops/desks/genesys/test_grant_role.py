"""grant-role, against the simulated Genesys Cloud over real HTTP."""

from __future__ import annotations

import pytest

from tests.ops.conftest import ROLE, RUNTIME, Ran, Vendors

pytestmark = pytest.mark.xdist_group("ops")


def grant(vendors: Vendors, role: str, *arguments: str, client: str = RUNTIME[0]) -> Ran:
    url = vendors.genesys.url
    return vendors.run("grant-role", "--genesys-url", url, "--client", client, "--role", role, *arguments)


@pytest.fixture
def role(vendors: Vendors) -> str:
    vendors.genesys.add_client(*RUNTIME)
    return vendors.genesys.admin.add_role(ROLE)


def test_a_role_is_given_once_and_taken_once(vendors: Vendors, role: str) -> None:
    assert [grant(vendors, role, "--json").json["changed"] for _ in range(2)] == [True, False]
    assert vendors.genesys.admin.roles_of(RUNTIME[0]) == [role]
    assert [grant(vendors, role, "--undo", "--json").json["changed"] for _ in range(2)] == [True, False]
    assert vendors.genesys.admin.roles_of(RUNTIME[0]) == []


def test_other_roles_stay(vendors: Vendors, role: str) -> None:
    other = vendors.genesys.admin.add_role({"name": "other"})
    vendors.genesys.admin.grant(RUNTIME[0], other)
    assert "has role" in grant(vendors, role).out
    assert "without role" in grant(vendors, role, "--undo").out
    assert vendors.genesys.admin.roles_of(RUNTIME[0]) == [other]


def test_a_role_is_given_in_a_division_and_in_no_other(vendors: Vendors, role: str) -> None:
    sales, admin = vendors.genesys.admin.add_division("Sales"), vendors.genesys.admin
    assert f"in division {sales}" in grant(vendors, role, "--division", sales).out
    assert (admin.roles_of(RUNTIME[0], sales), admin.roles_of(RUNTIME[0])) == ([role], [])
    assert grant(vendors, role, "--json").json["changed"] is True
    assert grant(vendors, role, "--undo", "--division", sales, "--json").json["changed"] is True
    assert (admin.roles_of(RUNTIME[0], sales), admin.roles_of(RUNTIME[0])) == ([], [role])


def test_a_division_that_is_none_is_told(vendors: Vendors, role: str) -> None:
    assert grant(vendors, role, "--division", "nowhere").code == 1


def test_an_unknown_client_is_named(vendors: Vendors, role: str) -> None:
    ran = grant(vendors, role, client="nobody")
    assert (ran.code, "OAuth client nobody does not exist" in ran.err) == (1, True)
    assert grant(vendors, role, "--undo", client="nobody").code == 0


def test_nobody_gives_what_he_does_not_have(vendors: Vendors, role: str) -> None:
    vendors.faults.add("genesys", "status", status=403, path="/divisions/00000000")
    assert "every permission of the role itself" in grant(vendors, role).err
