"""Passwords of staff: argon2id, two at a time, beside the event loop. Never kept, never logged."""

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from kernel.errors import Invalid, Unavailable

AT_ONCE = 2
"""Hashes worked on at the same time: each takes 64 MiB and a fraction of a second."""

WAITING_MAX = 64
"""Hashes that may wait for their turn; beyond it a flood of sign-ins is told to come back."""

LENGTH_MIN, LENGTH_MAX = 8, 256

Answer = TypeVar("Answer")


class PasswordUnfit(Invalid):
    """A new password is shorter than 8 characters, longer than 256 or the login itself."""

    code = "password_unfit"


class SignInBusy(Unavailable):
    """Too many people sign in at the same moment."""

    code = "sign_in_busy"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a try came to; ``outdated`` says that the kept hash has other parameters than ours."""

    right: bool
    outdated: bool = False


class Passwords:
    """Makes and checks hashes in ``AT_ONCE`` threads of its own.

    The threads are the bound: a request that is given up leaves its turn taken until its hash is
    done, so there are never more at work.
    """

    def __init__(
        self, parameters: Parameters = RFC_9106_LOW_MEMORY, *, waiting_max: int = WAITING_MAX
    ) -> None:
        """Take the cost of a hash; the default is RFC 9106's for machines with little memory."""
        self.hasher = PasswordHasher.from_parameters(parameters)
        self.decoy = decoy_of(parameters)
        self._turns = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")
        self._waiting = 0
        self._waiting_max = waiting_max

    async def hash(self, password: str) -> str:
        """Make the hash to keep; raises SignInBusy."""
        return await self._in_turn(lambda: self.hasher.hash(_typed(password)))

    async def check(self, password: str, kept: str | None) -> Verdict:
        """Tell whether ``password`` is the one of ``kept``; raises SignInBusy.

        Without a kept hash, for a person we do not know, the same work is done for nothing.
        """
        right = await self._in_turn(lambda: self._matches(kept or self.decoy, password))
        if kept is None or not right:
            return Verdict(right=False)
        return Verdict(right=True, outdated=self.hasher.check_needs_rehash(kept))

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self.hasher.verify(kept, _typed(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _in_turn(self, deed: Callable[[], Answer]) -> Answer:
        if self._waiting >= self._waiting_max + AT_ONCE:
            raise SignInBusy("too many people sign in at this moment")
        self._waiting += 1
        turn = asyncio.get_running_loop().run_in_executor(self._turns, deed)
        turn.add_done_callback(self._done)
        return await turn

    def _done(self, _: object) -> None:
        self._waiting -= 1


def check_new(password: str, *, login: str) -> None:
    """Refuse a new password that is too short, too long or the login; raises PasswordUnfit."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise PasswordUnfit(
            f"a password has {LENGTH_MIN} to {LENGTH_MAX} characters", field="password"
        )
    if password.casefold() == login.casefold():
        raise PasswordUnfit("a password is not the login", field="password")


def decoy_of(parameters: Parameters) -> str:
    """Write a hash that no password has and that costs as much to check as a real one."""
    salt, tag = (
        base64.b64encode(secrets.token_bytes(length)).rstrip(b"=").decode("ascii")
        for length in (parameters.salt_len, parameters.hash_len)
    )
    cost = f"m={parameters.memory_cost},t={parameters.time_cost},p={parameters.parallelism}"
    return f"$argon2id$v={parameters.version}${cost}${salt}${tag}"


def _typed(password: str) -> bytes:
    """Give the bytes of a password: keyboards write ế in one character or in three."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
