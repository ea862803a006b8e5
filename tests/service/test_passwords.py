"""Passwords: two hashes at a time, the loop stays free, and nobody is told who exists."""

import asyncio
import threading
import time
import unicodedata

import pytest
from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from hypothesis import given, settings
from hypothesis import strategies as st
from sign_in_rig import CHEAP

from service.passwords import (
    AT_ONCE,
    Passwords,
    PasswordUnfit,
    SignInBusy,
    Verdict,
    check_new,
    decoy_of,
)


class SlowHasher:
    """Counts how many of its hashes are at work at the same moment."""

    def __init__(self, took_s: float = 0.03) -> None:
        self.took_s = took_s
        self.lock = threading.Lock()
        self.at_work = self.most = self.done = 0
        self.threads: set[int] = set()
        self.kept: list[str] = []

    def verify(self, kept: str, _: bytes) -> bool:
        with self.lock:
            self.kept.append(kept)
            self.at_work += 1
            self.most = max(self.most, self.at_work)
            self.threads.add(threading.get_ident())
        time.sleep(self.took_s)
        with self.lock:
            self.at_work -= 1
            self.done += 1
        return True

    def check_needs_rehash(self, _: str) -> bool:
        return False


def slow(took_s: float = 0.03, *, waiting_max: int = 64) -> tuple[Passwords, SlowHasher]:
    passwords = Passwords(CHEAP, waiting_max=waiting_max)
    passwords.hasher = hasher = SlowHasher(took_s)  # type: ignore[assignment]
    return passwords, hasher


async def test_no_more_than_two_hashes_are_at_work_and_the_loop_stays_free() -> None:
    passwords, hasher = slow()
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while hasher.done < 10:
            ticks += 1
            await asyncio.sleep(0.001)

    await asyncio.gather(tick(), *(passwords.check("x", "kept") for _ in range(10)))

    assert (hasher.most, hasher.done) == (AT_ONCE, 10)
    assert AT_ONCE == 2
    assert threading.get_ident() not in hasher.threads
    assert ticks > 20


async def test_requests_that_give_up_do_not_let_a_third_hash_in() -> None:
    passwords, hasher = slow(0.05)
    for _ in range(6):
        task = asyncio.create_task(passwords.check("x", "kept"))
        await asyncio.sleep(0.005)
        task.cancel()

    await asyncio.gather(*(passwords.check("x", "kept") for _ in range(4)))

    assert hasher.most == AT_ONCE


async def test_a_flood_is_told_to_come_back_and_the_next_one_is_served() -> None:
    passwords, hasher = slow(waiting_max=3)

    answers = await asyncio.gather(
        *(passwords.check("x", "kept") for _ in range(20)), return_exceptions=True
    )

    assert sum(isinstance(each, SignInBusy) for each in answers) == 15
    assert hasher.done == 5
    assert (await passwords.check("x", "kept")).right


async def test_a_person_we_do_not_know_costs_the_work_of_one_we_know() -> None:
    passwords, hasher = slow()
    await passwords.check("x", "kept")
    known = hasher.done

    verdict = await passwords.check("x", None)

    assert hasher.done == 2 * known == 2
    assert hasher.kept == ["kept", passwords.decoy]
    assert verdict == Verdict(right=False)


def test_the_decoy_costs_what_a_kept_hash_costs() -> None:
    kept = Passwords(CHEAP).hasher.hash("x")

    assert extract_parameters(decoy_of(CHEAP)) == extract_parameters(kept) == CHEAP
    assert extract_parameters(decoy_of(RFC_9106_LOW_MEMORY)) == RFC_9106_LOW_MEMORY
    assert decoy_of(CHEAP) != decoy_of(CHEAP)


def test_without_a_word_a_hash_costs_64_mib_and_three_passes() -> None:
    parameters = extract_parameters(Passwords().decoy)

    assert (parameters.memory_cost, parameters.time_cost) == (65_536, 3)


WORK = Passwords(CHEAP)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
async def test_the_password_is_right_and_no_other_text_is(password: str, other: str) -> None:
    kept = await WORK.hash(password)

    assert kept.startswith("$argon2id$")
    assert (await WORK.check(password, kept)) == Verdict(right=True)
    same = unicodedata.normalize("NFC", password) == unicodedata.normalize("NFC", other)
    assert (await WORK.check(other, kept)).right is same


async def test_a_keyboard_that_writes_marks_apart_signs_in_too() -> None:
    kept = await WORK.hash(unicodedata.normalize("NFD", "mật khẩu"))

    assert (await WORK.check(unicodedata.normalize("NFC", "mật khẩu"), kept)).right
    assert not (await WORK.check("mat khau", kept)).right


async def test_a_password_with_half_a_character_is_a_password_like_any_other() -> None:
    kept = await WORK.hash("half \ud800")

    assert (await WORK.check("half \ud800", kept)).right
    assert not (await WORK.check("half \ud801", kept)).right


async def test_a_kept_hash_that_does_not_read_is_wrong_and_no_crash() -> None:
    for broken in ("", "x", "$argon2id$v=19$m=8,t=1,p=1$!!$!!", WORK.decoy[:-4]):
        assert not (await WORK.check("x", broken)).right


async def test_a_hash_of_other_parameters_is_right_and_outdated() -> None:
    dearer = Passwords(RFC_9106_LOW_MEMORY)
    kept = await WORK.hash("x")

    assert (await dearer.check("x", kept)) == Verdict(right=True, outdated=True)
    assert (await dearer.check("y", kept)) == Verdict(right=False)


@pytest.mark.parametrize("password", ["", "1234567", "x" * 257, "ke.toan1", "KE.TOAN1"])
def test_a_new_password_is_no_short_no_endless_text_and_not_the_login(password: str) -> None:
    with pytest.raises(PasswordUnfit) as refused:
        check_new(password, login="ke.toan1")

    assert refused.value.facts == {"field": "password"}
    assert password == "" or password not in str(refused.value)


@pytest.mark.parametrize("password", ["12345678", "x" * 256, "mật khẩu"])
def test_a_new_password_of_8_to_256_characters_is_taken(password: str) -> None:
    check_new(password, login="ke.toan1")
