"""Telling others: signed, in order per pupil, again after a failure, once for who deduplicates."""

import base64
from datetime import timedelta

import pytest

from kernel.access import Loader
from kernel.clock import Clock, real_now, set_clock
from kernel.sealing import seal
from reconciliation.jobs import settle_waiting
from service.receiver import Receiver
from tests.rows import NOW, Planter, arrival
from webhooks.jobs_push import Sender, make_client, push_waiting
from webhooks.setup import NewEndpoint, add_endpoint

SEAL = bytes(32)
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
async def planter(database):
    async with database.superuser() as su:
        yield Planter(su, database.operator())


@pytest.fixture
def receiver():
    heard = Receiver(SECRET)
    heard.start()
    yield heard
    heard.stop()


@pytest.fixture
async def sender(database):
    async with make_client() as http:
        yield Sender(database.worker(), (SEAL,), http)


@pytest.fixture
def later():
    """Moves the one clock on, so that a retry is due at once."""

    def move(by: timedelta) -> None:
        set_clock(Clock(real_now() + by, real_now()))

    yield move
    set_clock(Clock())


async def endpoint_for(planter, receiver, **changes):
    new = NewEndpoint(receiver.url, "contact-book", SECRET, "standard", None, sandbox=True)
    async with planter.db.transaction(Loader()) as tx:
        return await add_endpoint(tx, new, seal_key=SEAL, actor="test", now=NOW, **changes)


async def paid_notice(database, planter, school=None):
    school = school or await planter.school()
    notice = await planter.notice(await planter.pupil(school))
    await planter.receive(arrival(school, memo=notice.code))
    await settle_waiting(database.worker(), "HPX")
    return notice


async def test_a_payment_is_heard_once_and_signed(database, planter, receiver, sender):
    await endpoint_for(planter, receiver)
    notice = await paid_notice(database, planter)

    delivered = await push_waiting(sender)
    again = await push_waiting(sender)

    assert (delivered, again, receiver.refused) == (1, 0, 0)
    told = receiver.heard("invoice.paid", notice.code)
    assert told is not None
    assert told["data"]["paid_dong"] == 1_250_000
    assert "Nguyễn" not in str(told)


async def test_what_was_true_before_an_endpoint_is_not_told_to_it(
    database, planter, receiver, sender
):
    await paid_notice(database, planter)
    await endpoint_for(planter, receiver)

    assert await push_waiting(sender) == 0


async def test_a_receiver_that_is_down_hears_it_later_in_order(
    database, planter, receiver, sender, later
):
    await endpoint_for(planter, receiver)
    school = await planter.school()
    notice = await planter.notice(await planter.pupil(school), 3_000_000)
    receiver.refuse = True
    for _ in range(3):
        await planter.receive(arrival(school, 1_000_000, notice.code))
        await settle_waiting(database.worker(), "HPX")
    assert await push_waiting(sender) == 0

    receiver.refuse = False
    for hours in (1, 2, 3, 4):
        later(timedelta(hours=hours))
        await push_waiting(sender)

    versions = [receiver.facts[each]["data"]["version"] for each in receiver.order]
    assert versions == [1, 2, 3]
    log = await planter.su.fetch("select status from push_attempt order by id")
    assert [row["status"] for row in log] == [503, 204, 204, 204]


async def test_a_crash_after_sending_tells_the_same_fact_again_under_its_id(
    database, planter, receiver, sender, later
):
    await endpoint_for(planter, receiver)
    await paid_notice(database, planter)
    await push_waiting(sender)
    await planter.su.execute("update push set state = 'waiting', done_at = null")

    later(timedelta(hours=1))
    await push_waiting(sender)

    assert (len(receiver.facts), receiver.repeats) == (1, 1)


async def test_a_secret_stays_sealed_in_the_database(planter, receiver):
    await endpoint_for(planter, receiver)

    sealed = await planter.su.fetchval("select sealed from endpoint")

    assert bytes(range(32)) not in sealed
    assert sealed != seal(bytes(range(32)), SEAL)
