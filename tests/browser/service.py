"""A running service for browser tests: sample schools, a bank connection, people, one Chromium."""

import asyncio
import os
from collections.abc import Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from kernel.access import Loader
from kernel.clock import Clock, set_clock
from service.bank_simulator import base_url, find_target, send, service_now, told_payment
from service.demo import SANDBOX, running_service
from service.demo_setup import Prepared, prepare
from service.instance import Instance, open_instance
from service.receiver import Receiver
from tests.not_run import program

CHROMIUM = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SECRET = "whsec_" + "A" * 42 + "w="


def beside(deed: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a thread of its own: the browser's driver has the loop of this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, deed).result()


@dataclass(frozen=True, slots=True)
class Running:
    """The service under test and what it was prepared with."""

    instance: Instance
    prepared: Prepared
    base: str

    def pay(self, code: str, amount: int | None = None, memo: str | None = None) -> int:
        """Play the bank once; give the status it heard."""
        return beside(self._pay(code, amount, memo))

    async def _pay(self, code: str, amount: int | None, memo: str | None) -> int:
        db = self.instance.operator_db()
        try:
            async with db.transaction(Loader()) as tx:
                target = await find_target(tx, code, None)
            event = told_payment(target, code, amount, memo, now=service_now(self.instance))
            return (await send(self.instance, target, event)).status
        finally:
            await db.close()

    def path(self, pay_url: str | None) -> str:
        return self.base + httpx.URL(pay_url or "").path


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    home: Path = tmp_path_factory.mktemp("browser")
    clean = dict.fromkeys(("DATABASE_URL", "MIGRATE_DATABASE_URL", "BROKER_URL"), "")
    given = SANDBOX | clean | {"HOCPHI_HOME": str(home), "HOCPHI_BASE_URL": ""}
    with ExitStack() as stack:
        with mock.patch.dict(os.environ, given):  # for the start only: other tests have their own
            instance = stack.enter_context(open_instance())
            receiver = Receiver(SECRET)
            receiver.start()
            stack.callback(receiver.stop)
            prepared = beside(prepare(instance, home / "bundle", receiver))
            stack.enter_context(running_service(instance))
        set_clock(Clock())
        yield Running(instance, prepared, base_url(instance))


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser]:
    """One browser a file: its driver's loop must be gone before asynchronous tests run."""
    path = program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM))
        yield browser
        browser.close()


@pytest.fixture
def phone(chromium: Browser) -> Generator[Any]:
    """A page of a cheap phone that fails the test on any script error or refused resource."""
    context = chromium.new_context(viewport={"width": 360, "height": 640})
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert wrong == []


@pytest.fixture
def phone_without_script(chromium: Browser) -> Generator[Any]:
    context = chromium.new_context(
        viewport={"width": 360, "height": 640}, java_script_enabled=False
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def office(chromium: Browser) -> Generator[Any]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()
