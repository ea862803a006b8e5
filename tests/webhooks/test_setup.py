"""Setting the doors up: what a connection or an endpoint must be, and what is kept of it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from kernel.access import Loader, SignIn
from kernel.errors import Invalid
from kernel.sealing import unseal
from tests.database import TestDatabase
from tests.rows import NOW, Planter, School
from webhooks import reads
from webhooks.banks.registry import ProviderUnknown
from webhooks.setup import (
    AccountAmbiguous,
    AccountUnknown,
    EndpointKnown,
    NewConnection,
    NewEndpoint,
    add_connection,
    add_endpoint,
)
from webhooks.targets.standard import SecretMalformed

SEAL, SECRET = bytes(32), b"a bank's own secret"
WHSEC = "whsec_" + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
ENDPOINT = NewEndpoint(
    url="https://book.test/hook",
    kind="contact-book",
    secret=WHSEC,
    profile="standard",
    unit_id=None,
    sandbox=False,
)


@pytest.fixture
async def planter(database: TestDatabase):
    async with database.superuser() as su:
        yield Planter(su, database.operator())


@pytest.fixture
async def school(planter: Planter) -> School:
    return await planter.school()


def connection_of(school: School, **changes: Any) -> NewConnection:
    plain = NewConnection("sepay", [school.account_number], SECRET, {}, sandbox=False)
    return replace(plain, **changes)


async def connect(planter: Planter, new: NewConnection) -> str:
    async with planter.db.transaction(Loader()) as tx:
        return await add_connection(tx, new, seal_key=SEAL, actor="an operator", now=NOW)


async def listen(planter: Planter, new: NewEndpoint) -> int:
    async with planter.db.transaction(Loader()) as tx:
        return await add_endpoint(tx, new, seal_key=SEAL, actor="an operator", now=NOW)


async def test_a_connection_is_found_by_its_path_bound_to_its_accounts(
    database: TestDatabase, planter: Planter, school: School
) -> None:
    path = await connect(planter, connection_of(school, options={"auth": "apikey"}))

    async with database.api().transaction(SignIn()) as tx:
        found = await reads.connection_by_path(tx, path)
    assert found is not None
    assert (found.provider, found.sandbox, found.options) == ("sepay", False, {"auth": "apikey"})
    assert found.accounts == {school.account_number: school.account_id}
    assert [unseal(each, SEAL) for each in found.sealed] == [SECRET]


async def test_a_secret_is_kept_sealed_and_the_path_cannot_be_guessed(
    planter: Planter, school: School
) -> None:
    paths = {await connect(planter, connection_of(school)) for _ in range(5)}

    assert len(paths) == 5
    assert min(len(path) for path in paths) >= 22  # 128 bits in base64
    for row in await planter.su.fetch("select sealed from connection_secret"):
        assert SECRET not in row["sealed"]


async def test_a_connection_leaves_its_deed_without_the_secret(
    planter: Planter, school: School
) -> None:
    path = await connect(planter, connection_of(school))

    (deed,) = await planter.su.fetch("select * from deed")
    assert (deed["actor"], deed["deed"]) == ("an operator", "connection_added")
    assert deed["account_id"] == school.account_id
    assert json.loads(deed["facts"]) == {"provider": "sepay"}
    assert path not in str(deed)


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"provider": "nobank"}, ProviderUnknown, None),
        ({"accounts": ["00119999"]}, AccountUnknown, None),
        ({"secret": b"7 bytes"}, Invalid, "secret"),
        ({"options": {"color": "red"}}, Invalid, "color"),
        ({"options": {"auth": "none"}}, Invalid, "auth"),
    ],
)
async def test_what_a_connection_cannot_be_is_refused_and_nothing_is_kept(
    planter: Planter, school: School, changes: dict[str, Any], error: type[Exception], field: str
) -> None:
    with pytest.raises(error) as refused:
        await connect(planter, connection_of(school, **changes))

    facts: dict[str, object] = refused.value.facts  # type: ignore[attr-defined]
    assert facts.get("field") == field
    assert not any(str(SECRET) in str(each) for each in facts.values())
    for table in ("connection", "connection_account", "connection_secret", "deed"):
        assert await planter.su.fetchval(f"select count(*) from {table}") == 0


async def add_twin(planter: Planter, school: School) -> int:
    """Give another bank an account of the same number."""
    return await planter.su.fetchval(
        "insert into account (number, bank_bin, holder, kind, proof)"
        " values ($1, '970436', 'x', 'main', 'released') returning id", school.account_number,
    )  # fmt: skip


async def test_a_number_that_two_banks_use_is_refused_as_ambiguous(
    planter: Planter, school: School
) -> None:
    await add_twin(planter, school)

    with pytest.raises(AccountAmbiguous) as refused:
        await connect(planter, connection_of(school))

    assert refused.value.facts == {"number": school.account_number[-4:]}


async def test_the_bank_named_with_the_number_tells_two_accounts_apart(
    planter: Planter, school: School
) -> None:
    """``AccountAmbiguous`` promises that ``BIN:number`` is a way out."""
    twin = await add_twin(planter, school)

    await connect(planter, connection_of(school, accounts=[f"970436:{school.account_number}"]))

    assert await planter.su.fetchval("select account_id from connection_account") == twin


@pytest.mark.parametrize("count", [0, 2])
async def test_a_connection_has_each_of_its_accounts_once_and_at_least_one(
    planter: Planter, school: School, count: int
) -> None:
    with pytest.raises(Invalid):
        await connect(planter, connection_of(school, accounts=[school.account_number] * count))


async def test_an_endpoint_hears_from_now_on_and_its_secret_is_sealed(
    planter: Planter, school: School
) -> None:
    await planter.notice(await planter.pupil(school))
    before = await planter.su.fetchval("select pg_current_xact_id()::text::bigint")

    made = await listen(planter, ENDPOINT)

    row = await planter.su.fetchrow("select *, seen_tx::text::bigint seen from endpoint")
    assert (row["id"], row["kind"], row["active"]) == (made, "contact-book", True)
    assert row["seen"] > before
    assert unseal(row["sealed"], SEAL) == bytes(range(24))
    deed = await planter.su.fetchrow("select * from deed")
    assert (deed["deed"], deed["subject"]) == ("endpoint_added", f"endpoint:{made}")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "http://book.test/hook"}, "url"),
        ({"url": "ftp://book.test"}, "url"),
        ({"url": "javascript:alert(1)", "sandbox": True}, "url"),
        ({"profile": "nobook"}, "profile"),
    ],
)
async def test_an_address_or_profile_that_cannot_be_is_refused(
    planter: Planter, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await listen(planter, replace(ENDPOINT, **changes))

    assert refused.value.facts["field"] == field
    assert await planter.su.fetchval("select count(*) from endpoint") == 0


async def test_a_sandbox_may_tell_a_plain_address(planter: Planter) -> None:
    assert await listen(planter, replace(ENDPOINT, url="http://127.0.0.1:9/x", sandbox=True))


async def test_an_endpoint_is_known_once_and_its_secret_must_be_one(planter: Planter) -> None:
    await listen(planter, ENDPOINT)

    with pytest.raises(EndpointKnown):
        await listen(planter, replace(ENDPOINT, secret=WHSEC))
    with pytest.raises(SecretMalformed) as refused:
        await listen(planter, replace(ENDPOINT, url="https://other.test", secret="whsec_short"))
    assert "short" not in str(refused.value.facts)
    assert await planter.su.fetchval("select count(*) from endpoint") == 1
