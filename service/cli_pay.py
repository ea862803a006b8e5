"""The verb pay: plays the bank against the running sandbox."""

import asyncio

import click

from kernel.access import Loader
from service.bank_simulator import Paid, find_target, send, service_now, told_payment
from service.instance import open_instance

OK = 200


@click.command()
@click.argument("code")
@click.option("--amount", type=int, help="Đồng; without it what the notice still owes.")
@click.option("--via", "provider", help="Provider of the connection; without it the newest one.")
@click.option("--memo", help="What the payer typed; without it the memo of the QR.")
def pay(code: str, amount: int | None, provider: str | None, memo: str | None) -> None:
    """Play the bank (sandbox only): build the provider's signed webhook and send it."""

    async def run() -> Paid:
        with open_instance() as instance:
            db = instance.operator_db()
            try:
                async with db.transaction(Loader()) as tx:
                    target = await find_target(tx, code.strip().upper(), provider)
                now = service_now(instance)
                event = told_payment(target, code.strip().upper(), amount, memo, now=now)
                return await send(instance, target, event)
            finally:
                await db.close()

    paid = asyncio.run(run())
    click.echo(f"{paid.status} {paid.body}")
    if paid.status != OK:
        raise click.exceptions.Exit(1)
