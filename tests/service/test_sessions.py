"""Sessions against a real database: whose keys count, how long, and what a stranger costs."""

import asyncio
import hashlib

import pytest
from sign_in_rig import (
    PASSWORD,
    PLAIN,
    PLAIN_SESSION,
    SESSION,
    Rig,
    cookies_set,
    opened,
    sign_in,
    token_for,
)

from service.people import Role


@pytest.fixture
async def rig(database):
    async with opened(database) as rig:
        yield rig


def presented(key: str, name: str = SESSION) -> dict[str, str]:
    return {"cookie": f"{name}={key}"}


async def token(client) -> str:
    """The token that the client's own pages carry, also where /login shows none."""
    return next(client.cookies[name] for name in client.cookies if "csrf" in name)


async def is_signed_in(client, key: str) -> bool:
    client.cookies.clear()
    return (await client.get("/desk/probe", headers=presented(key))).status_code == 200


@pytest.mark.parametrize(
    "planted", ["0123456789abcdef" * 4, "0" * 64, "chosen", "null", "", "A" * 64, "a" * 65]
)
async def test_a_key_that_was_planted_never_becomes_a_session(rig: Rig, planted: str) -> None:
    await rig.person()
    async with rig.client() as victim, rig.client() as attacker:
        victim.cookies.set(SESSION, planted, domain="hocphi.test", path="/")

        answer = await sign_in(victim)

        assert answer.status_code == 303
        assert cookies_set(answer)[SESSION].value not in {planted, ""}
        assert not await is_signed_in(attacker, planted)
        assert (await attacker.get("/p/notice", headers=presented(planted))).text != planted
        assert await is_signed_in(attacker, cookies_set(answer)[SESSION].value)


async def test_a_key_of_a_stranger_who_looked_at_the_sign_in_is_worth_nothing(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as attacker, rig.client() as victim:
        page = await attacker.get("/login")
        assert SESSION not in cookies_set(page)
        await sign_in(victim)
        old = victim.cookies[SESSION]

        again = await sign_in(victim, token=await token(victim))

        assert cookies_set(again)[SESSION].value != old
        assert not await is_signed_in(attacker, old)
        assert await rig.sessions() == 1


async def test_the_cookie_is_bound_to_host_and_https_where_people_type_https(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        cookie = cookies_set(await sign_in(client))[SESSION]

    assert cookie["secure"] is True
    assert cookie["httponly"] is True
    assert (cookie["samesite"].lower(), cookie["path"], cookie["domain"]) == ("lax", "/", "")
    assert cookie["max-age"] == "1800"
    assert len(cookie.value) == 64


async def test_on_this_machine_without_https_the_cookie_is_plain_but_hidden(rig: Rig) -> None:
    await rig.person()
    async with rig.client(PLAIN) as client:
        cookies = cookies_set(await sign_in(client))

    assert SESSION not in cookies
    assert cookies[PLAIN_SESSION]["secure"] == ""
    assert cookies[PLAIN_SESSION]["httponly"] is True


async def test_sign_out_ends_the_session_in_the_store_too(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        await sign_in(client)
        key = client.cookies[SESSION]
        assert await rig.sessions() == 1

        answer = await client.post("/logout", data={"_csrf_token": await token(client)})

        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        assert cookies_set(answer)[SESSION]["max-age"] == "0"
        assert await rig.sessions() == 0
        assert not await is_signed_in(client, key)


async def test_a_change_of_privilege_gives_a_fresh_key_and_the_old_one_dies(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        await sign_in(client)
        old = client.cookies[SESSION]

        answer = await client.get("/desk/step-up")

        fresh = cookies_set(answer)[SESSION].value
        assert fresh != old
        assert not await is_signed_in(client, old)
        assert await is_signed_in(client, fresh)
        assert await rig.sessions() == 1


async def test_a_role_given_or_taken_while_signed_in_gives_a_fresh_key(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        await sign_in(client)
        old = client.cookies[SESSION]
        await rig.person(role=Role.OPERATOR)

        answer = await client.get("/desk/probe")

        assert answer.json()["roles"] == ["accountant", "operator"]
        assert cookies_set(answer)[SESSION].value != old
        assert SESSION not in cookies_set(await client.get("/desk/probe"))


async def test_a_session_ends_after_half_an_hour_of_silence(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        await sign_in(client)
        for _ in range(3):
            rig.pass_time(minutes=29)
            assert (await client.get("/desk/probe")).status_code == 200

        rig.pass_time(minutes=30)

        assert (await client.get("/desk/probe")).status_code == 401


@pytest.mark.parametrize("path", ["/desk/probe", "/desk/step-up"])
async def test_a_session_ends_twelve_hours_after_sign_in_however_busy(rig: Rig, path: str) -> None:
    await rig.person()
    async with rig.client() as client:
        await sign_in(client)
        for _ in range(35):
            rig.pass_time(minutes=20)
            assert (await client.get(path)).status_code == 200

        rig.pass_time(minutes=20)

        assert (await client.get(path)).status_code == 401


async def test_a_session_in_use_is_written_at_most_once_a_minute(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        await sign_in(client)
        written = await rig.su.fetchval("select xmin::text from web_session")
        for _ in range(3):
            assert "set-cookie" not in (await client.get("/desk/probe")).headers
        assert await rig.su.fetchval("select xmin::text from web_session") == written

        rig.pass_time(seconds=60)
        answer = await client.get("/desk/probe")

        assert cookies_set(answer)[SESSION].value == client.cookies[SESSION]
        assert await rig.su.fetchval("select xmin::text from web_session") != written


async def test_strangers_and_failed_sign_ins_leave_no_row_and_no_session_cookie(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        for answer in (
            await client.get("/p/notice"),
            await client.get("/login"),
            await sign_in(client, password="wrong but long"),
            await client.get("/desk/probe"),
        ):
            assert SESSION not in cookies_set(answer)

    assert await rig.sessions() == 0


async def test_the_bank_door_needs_no_token_and_sets_no_cookie(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        await sign_in(client)
        rig.pass_time(minutes=5)

        answer = await client.post("/webhooks/sepay/x", content=b"{}")

    assert (answer.status_code, answer.text) == (200, "ok")
    assert "set-cookie" not in answer.headers


async def test_a_row_holds_the_hash_of_its_key_and_nothing_to_find_the_key_by(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        await sign_in(client)
        key = client.cookies[SESSION]

    row = await rig.su.fetchrow("select * from web_session")

    assert row["key_hash"] == hashlib.sha256(key.encode()).digest()
    readable = b"".join(each for each in row.values() if isinstance(each, bytes))
    for part in (key.encode(), bytes.fromhex(key), key[:16].encode(), key[-16:].encode()):
        assert part not in readable
    assert PASSWORD.encode() not in readable


async def test_expired_rows_go_when_the_next_person_signs_in(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        await sign_in(client)
        rig.pass_time(hours=1)
        client.cookies.clear()

        await sign_in(client)

    assert await rig.sessions() == 1


async def test_the_store_keeps_renews_and_forgets(rig: Rig) -> None:
    store = rig.store()
    await store.set("a", "text", expires_in=100)
    await store.set("b", b"bytes")
    assert [await store.get("a"), await store.get("b"), await store.get("c")] == [
        b"text", b"bytes", None,
    ]  # fmt: skip
    assert [await store.expires_in("a"), await store.expires_in("c")] == [100, None]

    rig.pass_time(seconds=99)
    assert await store.get("a", renew_for=50) == b"text"
    assert await store.expires_in("a") == 50
    rig.pass_time(seconds=50)
    assert not await store.exists("a")
    assert await store.get("a", renew_for=50) is None
    await store.delete_expired()
    assert await rig.sessions() == 1

    await store.delete("b")
    await store.delete("b")
    assert not await store.exists("b")
    await store.set("d", b"")
    await store.delete_all()
    assert await rig.sessions() == 0


async def test_a_request_on_its_way_does_not_bring_an_ended_session_back(rig: Rig) -> None:
    store = rig.store()
    for turn in range(30):
        key = f"{turn:064x}"
        await store.set(key, b"before")
        moves = (store.replace(key, key, b"after", 60), store.replace(key, "f" * 64, b"moved", 60))

        await asyncio.gather(*moves, store.delete(key), store.replace(key, key, b"again", 60))

        assert not await store.exists(key)
        assert not await store.replace(key, key, b"later", 60)
        assert not await store.exists(key)


async def test_a_token_page_can_be_looked_at_without_a_session(rig: Rig) -> None:
    async with rig.client() as client:
        assert len(await token_for(client)) == 128
