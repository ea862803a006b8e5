"""Plays the bank in a sandbox: tells a payment as the provider would, signed, over HTTP.

It shares nothing with the door but the provider's format. Never works outside a sandbox.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime

import httpx
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.errors import Forbidden, NotFound, Unavailable
from kernel.money import Dong, dong
from kernel.sealing import unseal
from payments.reference import memo_text
from reconciliation.model import BankEvent, Direction, Method
from service.instance import Instance
from service.routes_health import CLOCK_HEADER
from webhooks.banks.registry import adapter
from webhooks.reads_simulator import PayTarget, pay_target

SERIAL_BITS = 52


class NotASandbox(Forbidden):
    """Only a sandbox may play the bank."""

    code = "not_a_sandbox"


class CodeUnpayable(NotFound):
    """The code is unknown, or its account has no sandbox connection."""

    code = "code_unpayable"


class NothingRuns(Unavailable):
    """No service of this HOCPHI_HOME runs, and HOCPHI_BASE_URL names none."""

    code = "nothing_runs"


@dataclass(frozen=True, slots=True)
class Paid:
    """What the simulator sent and heard."""

    amount: Dong
    memo: str
    status: int
    body: str


def base_url(instance: Instance) -> str:
    """Find the running service: HOCPHI_BASE_URL, else the run file; raises NothingRuns."""
    if instance.settings.base_url:
        return instance.settings.base_url.rstrip("/")
    run_file = instance.settings.home_folder / "run.json"
    try:
        return str(json.loads(run_file.read_text(encoding="utf-8"))["base_url"])
    except (OSError, ValueError, KeyError) as cause:
        raise NothingRuns("no service runs here: start hocphi up first") from cause


async def find_target(tx: AsyncConnection, code: str, provider: str | None) -> PayTarget:
    """Find where a code is paid; raises CodeUnpayable."""
    target = await pay_target(tx, code, provider)
    if target is None:
        raise CodeUnpayable("no sandbox connection leads to this code's account", payment_code=code)
    return target


def service_now(instance: Instance) -> datetime:
    """Ask the running service what time it is; a sandbox has a clock of its own."""
    try:
        answer = httpx.get(f"{base_url(instance)}/livez", trust_env=False, timeout=10)
    except httpx.HTTPError as cause:
        raise NothingRuns(f"the service does not answer: {type(cause).__name__}") from cause
    told = answer.headers.get(CLOCK_HEADER)
    if told is None:
        raise NotASandbox("the running service is not a sandbox")
    return datetime.fromisoformat(told)


def told_payment(
    target: PayTarget, code: str, amount: int | None, memo: str | None, *, now: datetime
) -> BankEvent:
    """Make the event of one payment; without an amount what is outstanding (or due) is paid."""
    usual = target.outstanding or target.due
    return BankEvent(
        provider=target.provider,
        provider_txn_id=str(secrets.randbits(SERIAL_BITS) + 1),
        account=target.account,
        amount=dong(usual if amount is None else amount),
        direction=Direction.IN,
        booked_at=now,
        description=memo_text(code, target.memo_prefix) if memo is None else memo,
        bank_ref=f"FT{secrets.randbits(40):014d}"[:16],
        method=Method.TRANSFER,
    )


async def send(instance: Instance, target: PayTarget, event: BankEvent) -> Paid:
    """Sign by the service's clock, send to the running service, give what it answered."""
    provider = adapter(target.provider)
    raw = provider.body(event)
    headers = provider.sign(
        unseal(target.sealed, instance.seal_key),
        raw,
        timestamp=int(event.booked_at.timestamp()),
        options=target.options,
    )
    address = f"{base_url(instance)}/webhooks/{target.provider}/{target.public_id}"
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            answer = await client.post(address, content=raw, headers=dict(headers))
    except httpx.HTTPError as cause:
        raise NothingRuns(f"the service does not answer: {type(cause).__name__}") from cause
    return Paid(event.amount, event.description, answer.status_code, answer.text)
