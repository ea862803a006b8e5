"""Signing in and out over HTTP: where it leads, what it tells, and what it refuses."""

import re
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sign_in_rig import (
    BROWSER,
    PASSWORD,
    SECURE,
    SESSION,
    Rig,
    cookies_set,
    opened,
    sign_in,
    token_for,
)
from structlog.testing import capture_logs

from service.people import Role
from service.routes_login import FORM_BYTES_MAX, WRONG, own_path

FOREIGN = (
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\nlocation: https://evil.example",
    "/desk\x00",
    " //evil.example",
    "\x01//evil.example",
    "https://evil.example",
    "https:evil.example",
    "HTTPS:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    "?next=/desk",
    "/／evil.example",
    "/⧸evil.example",
    "／／evil.example",
    "/desk#//evil.example",
    "/desk\\..\\..\\evil.example",
    "/desk<script>",
    '/desk"onload=x',
    "/" + "a" * 2_000,
    "",
    "/",
    "/login",
    "/login/?next=/desk",
    "/logout",
)
OWN = (
    "/desk",
    "/desk/cases/12?state=open&q=%C4%90%E1%BB%97",
    "/rates/U-1?month=2026-11",
    "/admin/connections",
    "/desk/invoices?q=a+b&next=100,7",
    "/desk?back=https://evil.example",
    "/desk//cases",
    "/loginx",
)


@pytest.fixture
async def rig(database):
    async with opened(database) as rig:
        yield rig


@pytest.mark.parametrize("asked", FOREIGN)
def test_an_address_that_is_not_a_path_of_our_own_leads_nowhere(asked: str) -> None:
    assert own_path(asked) == ""


@pytest.mark.parametrize("asked", OWN)
def test_a_path_of_our_own_is_kept_as_it_is(asked: str) -> None:
    assert own_path(asked) == asked


def as_a_browser_reads(address: str) -> str:
    """Resolve an address as the WHATWG rules do where they differ from RFC 3986."""
    plain = re.sub(r"[\t\r\n]", "", address.strip("".join(map(chr, range(33)))))
    return urljoin(SECURE + "/login", plain.replace("\\", "/"))


nasty = st.text("/\\.:@?#%&=\t\r\n\x00 aehlopst／⧸é2F5C", max_size=12)


@given(st.one_of(st.text(max_size=20), nasty, nasty.map("/".__add__), nasty.map("//".__add__)))
@example("/\t/evil")
def test_whatever_is_asked_a_browser_stays_with_us(asked: str) -> None:
    kept = own_path(asked)

    assert kept in {"", asked}
    if kept:
        read = urlsplit(as_a_browser_reads(kept))
        assert (read.scheme, read.netloc) == ("https", "hocphi.test")


async def test_sign_in_leads_to_the_days_page_instead_of_another_host(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        token = await token_for(client)
        for asked in FOREIGN:
            answer = await sign_in(client, next_url=asked, token=token)
            shown = await client.get("/login", params={"next": asked})

            assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
            assert shown.headers["location"] == "/desk"


@pytest.mark.parametrize(
    ("role", "home"),
    [
        (Role.ACCOUNTANT, "/desk"),
        (Role.OFFICER, "/rates"),
        (Role.OPERATOR, "/admin/connections"),
    ],
)
async def test_sign_in_leads_to_the_page_of_the_role(rig: Rig, role: Role, home: str) -> None:
    await rig.person(role=role, units=("U-TH-1",) if role is Role.OFFICER else ())
    async with rig.client() as client:
        answer = await sign_in(client, " Ke.Toan ")

        assert (answer.status_code, answer.headers["location"]) == (303, home)
        assert (await client.get("/login")).headers["location"] == home


async def test_sign_in_leads_back_to_the_page_that_was_asked_for(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        led = await client.get("/desk/probe?a=1&b=2", headers=BROWSER)
        page = await client.get(led.headers["location"])
        assert 'name="next" value="/desk/probe?a=1&amp;b=2"' in page.text

        answer = await sign_in(client, next_url="/desk/probe?a=1&b=2")

        assert answer.headers["location"] == "/desk/probe?a=1&b=2"


async def test_nobody_can_tell_an_unknown_person_from_a_wrong_password(rig: Rig) -> None:
    async with rig.client() as client:
        token = await token_for(client)
        answers = [await sign_in(client, password="wrong one", token=token)]
        await rig.person()
        answers.append(await sign_in(client, password="wrong one", token=token))
        await rig.switch_off("ke.toan")
        answers.append(await sign_in(client, password="wrong one", token=token))
        answers.append(await sign_in(client, token=token, password="another wrong"))

    first = answers[0]
    assert first.status_code == 401
    assert WRONG in first.text
    for answer in answers:
        assert answer.content == first.content
        assert answer.headers.raw == first.headers.raw
    assert not any("wrong" in answer.text for answer in answers)


async def test_the_right_password_of_a_person_who_is_switched_off_is_wrong(rig: Rig) -> None:
    await rig.person()
    await rig.switch_off("ke.toan")
    async with rig.client() as client:
        assert (await sign_in(client)).status_code == 401
    assert await rig.sessions() == 0


@pytest.mark.parametrize(
    "login", ["", " ", "ke.toan\x00", "ke.toan'--", "kế.toán", "x" * 5_000, "ke.toan\n", "%"]
)
async def test_a_login_that_can_be_nobodys_is_an_ordinary_failure(rig: Rig, login: str) -> None:
    await rig.person()
    async with rig.client() as client:
        answer = await sign_in(client, login, password="wrong one")

    assert answer.status_code == 401
    assert WRONG in answer.text


@pytest.mark.parametrize(
    "fields",
    [
        {"username": ["ke.toan", "ke.toan"], "password": PASSWORD},
        {"username": "ke.toan", "password": [PASSWORD, PASSWORD]},
        {"username": "ke.toan"},
        {"password": PASSWORD},
        {},
    ],
)
async def test_a_form_with_missing_or_doubled_fields_is_an_ordinary_failure(
    rig: Rig, fields: dict
) -> None:
    await rig.person()
    async with rig.client() as client:
        token = await token_for(client)

        answer = await client.post("/login", data=fields | {"_csrf_token": token})

    assert answer.status_code == 401


async def test_a_failed_try_costs_one_hash_whoever_it_was(rig: Rig) -> None:
    await rig.person()
    tried: list[str] = []
    hasher = rig.passwords.hasher

    class Counting:
        def verify(self, kept: str, password: bytes) -> bool:
            tried.append(kept)
            return hasher.verify(kept, password)

    rig.passwords.hasher = Counting()  # type: ignore[assignment]
    async with rig.client() as client:
        for login in ("ke.toan", "nobody", "no body", ""):
            await sign_in(client, login, password="wrong one")

    assert len(tried) == 4
    assert tried[1:] == [rig.passwords.decoy] * 3


async def test_the_log_says_that_a_try_failed_and_never_whose(rig: Rig) -> None:
    user_id = await rig.person()
    async with rig.client() as client:
        with capture_logs() as logged:
            await sign_in(client, password="wrong one")
            await sign_in(client, "nobody", password="wrong one")
            await sign_in(client)

    assert logged == [
        {"event": "signin_failed", "log_level": "warning"},
        {"event": "signin_failed", "log_level": "warning"},
        {"event": "staff_signed_in", "log_level": "info", "user_id": user_id},
    ]


async def test_a_form_that_is_too_large_is_refused(rig: Rig) -> None:
    async with rig.client() as client:
        answer = await sign_in(client, password="x" * FORM_BYTES_MAX)

    assert answer.status_code == 413


async def test_the_sign_in_page_and_its_answers_are_never_kept(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        answers = [await client.get("/login"), await sign_in(client, password="wrong one")]
        answers.append(await sign_in(client))

    assert [answer.headers["cache-control"] for answer in answers] == ["no-store"] * 3


async def test_signing_out_twice_is_no_error(rig: Rig) -> None:
    async with rig.client() as client:
        answer = await client.post("/logout", data={"_csrf_token": await token_for(client)})

    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert SESSION not in cookies_set(answer)
