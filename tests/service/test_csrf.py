"""Tokens against forged forms, and which address makes cookies secure."""

from urllib.parse import quote

import pytest
from sign_in_rig import (
    PAGE_SECRET,
    PLAIN,
    SECURE,
    Rig,
    cookies_set,
    opened,
    sign_in,
    token_for,
)

from kernel.settings import SettingInvalid
from service.csrf import cookie_rule, csrf_of

CSRF = csrf_of(PAGE_SECRET, cookie_rule(SECURE, sandbox=False)).cookie_name


@pytest.fixture
async def rig(database):
    async with opened(database) as rig:
        yield rig


async def test_every_unsafe_method_without_the_token_is_refused(rig: Rig) -> None:
    await rig.person()
    async with rig.client() as client:
        await sign_in(client)
        token = client.cookies[CSRF]
        flipped = token[:-1] + ("1" if token.endswith("0") else "0")
        other = csrf_of(b"x" * 32, cookie_rule(SECURE, sandbox=False))
        for path in ("/login", "/logout", "/desk/deed"):
            for wrong in ("", "x", flipped, token[::-1], other.secret * 2):
                answer = await client.post(path, data={"_csrf_token": wrong})
                assert answer.status_code == 403, (path, wrong)
                by_header = await client.post(path, headers={"x-csrf-token": wrong})
                assert by_header.status_code == 403
            assert (await client.post(path)).status_code == 403
            assert (await client.post(path, json={"_csrf_token": token})).status_code == 403

        assert (await client.post("/desk/deed", data={"_csrf_token": token})).text == "done"
        by_header = await client.post("/desk/deed", headers={"x-csrf-token": token})
        assert by_header.text == "done"


async def test_a_token_that_is_no_plain_text_is_refused_like_any_other(rig: Rig) -> None:
    strange = "a" * 64 + "é" * 64
    async with rig.client() as client:
        token = await token_for(client)
        answers = [
            await client.post("/login", data={"_csrf_token": strange}),
            await client.post("/login", data={"_csrf_token": [token, strange]}),
            await client.post("/login", files={"_csrf_token": ("a.txt", b"x" * 200)}),
            await client.post("/login", headers=[(b"x-csrf-token", strange.encode())]),
        ]
        client.cookies.clear()
        by_cookie = {"cookie": f"{CSRF}={quote(strange)}", "x-csrf-token": token}
        answers.append(await client.post("/login", headers=by_cookie))

    assert [answer.status_code for answer in answers] == [403] * 5
    assert {answer.json()["code"] for answer in answers} == {"forbidden"}


async def test_a_token_without_its_cookie_is_refused(rig: Rig) -> None:
    async with rig.client() as client:
        token = await token_for(client)
        client.cookies.clear()

        assert (await sign_in(client, token=token)).status_code == 403


@pytest.mark.parametrize("url", [SECURE, PLAIN])
async def test_the_token_cookie_is_as_safe_as_the_sessions(rig: Rig, url: str) -> None:
    async with rig.client(url) as client:
        ((name, cookie),) = cookies_set(await client.get("/login")).items()

    assert name.startswith("__Host-") is (url == SECURE)
    assert bool(cookie["secure"]) is (url == SECURE)
    assert (cookie["httponly"], cookie["samesite"].lower()) == (True, "lax")
    assert (cookie["path"], cookie["domain"]) == ("/", "")


async def test_a_token_cookie_of_another_key_does_not_shut_anybody_out(rig: Rig) -> None:
    await rig.person()
    async with rig.client(page_secret=b"old key of this instance" * 2) as before:
        await token_for(before)
        async with rig.client() as client:
            client.cookies.update(before.cookies)

            assert (await sign_in(client)).status_code == 303


async def test_the_csrf_key_comes_from_the_page_secret_and_is_not_it() -> None:
    rule = cookie_rule(SECURE, sandbox=False)

    assert csrf_of(PAGE_SECRET, rule).secret == csrf_of(PAGE_SECRET, rule).secret
    assert csrf_of(PAGE_SECRET, rule).secret != csrf_of(b"x" * 32, rule).secret
    assert PAGE_SECRET.hex() not in csrf_of(PAGE_SECRET, rule).secret
    assert csrf_of(PAGE_SECRET, rule).exclude == ["^/webhooks(/|$)"]


@pytest.mark.parametrize(
    ("url", "sandbox", "secure"),
    [
        ("https://hocphi.example", False, True),
        ("https://hocphi.example", True, True),
        ("HTTPS://hocphi.example", False, True),
        ("http://127.0.0.1:8080", False, False),
        ("http://localhost:8080", False, False),
        ("http://[::1]:8080", True, False),
        ("http://192.168.1.5:8080", True, False),
    ],
)
def test_cookies_follow_the_address_that_people_type(
    url: str, *, sandbox: bool, secure: bool
) -> None:
    assert cookie_rule(url, sandbox=sandbox).secure is secure


@pytest.mark.parametrize(
    "url",
    ["http://hocphi.example", "http://127.0.0.1.evil.example", "hocphi.example", "", "ftp://x"],
)
def test_plain_http_for_real_is_refused_at_start(url: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        cookie_rule(url, sandbox=False)

    assert refused.value.facts == {"setting": "public_url"}
