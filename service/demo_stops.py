"""The stops of the demo: each asks a question and shows the value found, or that it is missing."""

import asyncio
import re
import time
from dataclasses import dataclass, field

import click
import httpx

from kernel.access import Auditor, Loader
from kernel.money import dotted
from payments.qr_image import read_back
from payments.vietqr import decode
from reconciliation.books import check
from service.bank_simulator import Paid, find_target, send, service_now, told_payment
from service.demo_setup import OFFICER, PASSWORD, Prepared
from service.instance import Instance
from service.receiver import Receiver

_R5A = re.compile(r'data-rate="R5a"[^>]*data-numerator="(\d+)"[^>]*data-denominator="(\d+)"')

OK = 200
PAGE_S = 2.0
NEWS_S = 15.0
PAID = "Đã nộp đủ"
WAITING = "Đang chờ ngân hàng báo"


@dataclass(slots=True)
class Stops:
    """What was shown so far, and what was missing."""

    missing: list[str] = field(default_factory=list[str])
    number: int = 0

    def show(self, question: str, value: str | None) -> None:
        """Show one stop; a missing value is remembered."""
        self.number += 1
        if not value:
            self.missing.append(question)
        click.echo(f"{self.number:2}. {question}\n    {value or 'MISSING'}")

    def tell_missing(self) -> None:
        """Say in one line how it went."""
        count = len(self.missing)
        click.echo(f"\n{self.number} values, {count} missing" if count else "\nAll values shown.")


def page_path(pay_url: str | None) -> str:
    """Give the path of a parent's link."""
    return re.sub(r"^https?://[^/]+", "", pay_url or "")


def show_before(stops: Stops, prepared: Prepared, client: httpx.Client) -> None:
    """Show what is owed, the code, the QR and the page before any money moved."""
    first = prepared.first
    stops.show("Notices issued from the sample schools", str(prepared.notices))
    owed = " ".join(f"{name} {dotted(amount)};" for name, amount in prepared.lines)
    stops.show("What does An owe?", f"{dotted(first.due_dong)} đ = {owed.rstrip(';')}")
    stops.show("What does the parent type?", first.memo)
    picture = client.get(f"{page_path(first.pay_url)}/qr.png")
    payload = read_back(picture.content) if picture.is_success else ""
    same = payload == first.qr_payload
    stops.show("What does the QR say, decoded from the picture?", payload if same else None)
    told = decode(payload) if same else None
    paid_to = f"{told.bank_bin} {told.account}, {told.amount} đ, {told.purpose}" if told else None
    stops.show("Who gets the money, as the bank reads it?", paid_to)
    page = client.get(page_path(first.pay_url)).text
    shown = "1.250.000" in page and "Chưa nộp" in page and first.code in page
    stops.show("What does the parent's page say?", "Chưa nộp, 1.250.000 đ" if shown else None)


def pay_and_watch(
    stops: Stops, instance: Instance, prepared: Prepared, client: httpx.Client, receiver: Receiver
) -> None:
    """Pay by a signed webhook, then watch page, waiting page, receiver, rate and books."""
    first = prepared.first
    rate_before = _rate(client)
    waiting = client.get(page_path(first.pay_url), params={"cho": 1}).text
    stops.show("And after 'Tôi đã chuyển xong'?", WAITING if WAITING in waiting else None)
    paid = asyncio.run(_pay(instance, first.code))
    answered = time.monotonic()
    good = paid.status == OK and paid.body == '{"success":true}'
    stops.show("What does the bank hear, after the commit?", paid.body if good else None)
    time.sleep(max(0.0, PAGE_S - (time.monotonic() - answered)))
    page = client.get(page_path(first.pay_url)).text
    stops.show("What does the page say 2 s later?", PAID if PAID in page else None)
    refreshed = client.get(page_path(first.pay_url), params={"cho": 1, "lan": 1}).text
    stops.show("And the waiting page at its refresh?", PAID if PAID in refreshed else None)
    stops.show("What did the contact book hear?", _heard(receiver, first.code))
    rate_after = _rate(client)
    moved = f"R5a {rate_before} -> {rate_after}" if rate_after != rate_before else None
    stops.show("What does the province see?", moved if rate_before and rate_after else None)
    stops.show("Do the books check?", asyncio.run(_books(instance)))


async def _pay(instance: Instance, code: str) -> Paid:
    db = instance.operator_db()
    try:
        async with db.transaction(Loader()) as tx:
            target = await find_target(tx, code, "sepay")
        now = service_now(instance)
        return await send(instance, target, told_payment(target, code, None, None, now=now))
    finally:
        await db.close()


async def _books(instance: Instance) -> str | None:
    db = instance.operator_db()
    try:
        async with db.transaction(Auditor()) as tx:
            findings = await check(tx)
    finally:
        await db.close()
    breaches = sum(finding.breaches for finding in findings)
    return f"{len(findings)} invariants, 0 breaches" if not breaches else None


def _heard(receiver: Receiver, code: str) -> str | None:
    until = time.monotonic() + NEWS_S
    while time.monotonic() < until:
        fact = receiver.heard("invoice.paid", code)
        if fact is not None:
            told = fact["data"]
            return f"{fact['type']} {told['external_id']} {told['paid_dong']} (signature verified)"
        time.sleep(0.1)
    return None


def _rate(client: httpx.Client) -> str | None:
    """Sign in as the province's officer and read R5a with its numerator and denominator."""
    page = client.get("/login").text
    token = re.search(r'name="_csrf_token" value="([^"]+)"', page)
    form = {"username": OFFICER, "password": PASSWORD, "_csrf_token": token[1] if token else ""}
    client.post("/login", data=form, follow_redirects=True)
    rates = client.get("/rates").text
    client.cookies.clear()
    found = re.search(
        r'data-rate="R5a"[^>]*data-numerator="(\d+)"[^>]*data-denominator="(\d+)"', rates
    )
    return f"{dotted(int(found[1]))} / {dotted(int(found[2]))}" if found else None
