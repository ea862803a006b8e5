"""Verbs of the two doors: bank connections in, receivers of facts out."""

import asyncio
from collections.abc import Sequence

import click

from kernel.access import Loader
from kernel.clock import utc_now
from kernel.errors import NotFound
from payments.reads_units import unit_id_of
from service.instance import open_instance
from webhooks.setup import NewConnection, NewEndpoint, add_connection, add_endpoint

ACTOR = "operator"


@click.group()
def connection() -> None:
    """Bank connections: who tells us that money came in."""


@connection.command("add")
@click.argument("provider")
@click.option("--account", "accounts", multiple=True, required=True, help="Receiving account.")
@click.option("--secret", required=True, help="The provider's secret for this connection.")
@click.option("--option", "options", multiple=True, help="K=V, as the provider's page says.")
def add_bank(provider: str, accounts: Sequence[str], secret: str, options: Sequence[str]) -> None:
    """Add a bank connection bound to its accounts; print its webhook path."""
    pairs = [option.partition("=") for option in options]
    if any(not sign for _, sign, _ in pairs):
        raise click.UsageError("--option takes K=V")

    async def run() -> str:
        with open_instance() as instance:
            db = instance.operator_db()
            new = NewConnection(
                provider=provider,
                accounts=accounts,
                secret=secret.encode(),
                options={name: word for name, _, word in pairs},
                sandbox=instance.settings.sandbox,
            )
            try:
                async with db.transaction(Loader()) as tx:
                    return await add_connection(
                        tx, new, seal_key=instance.seal_key, actor=ACTOR, now=utc_now()
                    )
            finally:
                await db.close()

    click.echo(f"/webhooks/{provider}/{asyncio.run(run())}")


@click.group()
def endpoint() -> None:
    """Receivers of facts: contact books and dashboards."""


@endpoint.command("add")
@click.argument("url")
@click.option("--kind", type=click.Choice(["contact-book", "dashboard"]), required=True)
@click.option("--secret", required=True, help="whsec_ and base64 of 24-64 bytes.")
@click.option("--profile", default="standard", show_default=True)
@click.option("--unit", help="Only schools below this unit; without it all schools.")
def add_receiver(url: str, kind: str, secret: str, profile: str, unit: str | None) -> None:
    """Add a receiver of facts; it hears what becomes true from now on."""

    async def run() -> int:
        with open_instance() as instance:
            db = instance.operator_db()
            try:
                async with db.transaction(Loader()) as tx:
                    unit_id = None if unit is None else await unit_id_of(tx, unit)
                    if unit is not None and unit_id is None:
                        raise NotFound("no unit has this code", unit=unit)
                    new = NewEndpoint(
                        url=url,
                        kind=kind,
                        secret=secret,
                        profile=profile,
                        unit_id=unit_id,
                        sandbox=instance.settings.sandbox,
                    )
                    return await add_endpoint(
                        tx, new, seal_key=instance.seal_key, actor=ACTOR, now=utc_now()
                    )
            finally:
                await db.close()

    click.echo(f"endpoint {asyncio.run(run())}")
