"""The verb ``hocphi user``: people who sign in. Prints nothing secret, changes no password."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import datetime

import click

from kernel.access import Loader
from kernel.clock import utc_now
from kernel.db import Database
from service.cli_import import operator
from service.instance import open_instance
from service.passwords import Passwords, check_new
from service.people import AddedPerson, NewPerson, Role, add_person, check_person, find_places
from service.reads_people import is_known


@click.group()
def user() -> None:
    """People who sign in."""


@user.command()
@click.argument("login")
@click.option("--name", required=True, help="Full name, as pages show it.")
@click.option("--role", type=click.Choice([each.value for each in Role]), required=True)
@click.option("--school", "schools", multiple=True, help="An accountant's school; repeatable.")
@click.option("--unit", "units", multiple=True, help="An officer's unit; repeatable.")
@click.option("--password", help="Seen by others on this machine; better typed or piped.")
def add(
    *,
    login: str,
    name: str,
    role: str,
    schools: Sequence[str],
    units: Sequence[str],
    password: str | None,
) -> None:
    """Add a person with a role, or the role to one who is known.

    The password of a new person is read from standard input, or asked for twice on a terminal.
    """
    new = NewPerson(login, name, Role(role), tuple(schools), tuple(units))

    def ask() -> str:
        return ask_password() if password is None else password

    async def run() -> AddedPerson:
        db = instance.operator_db()
        try:
            return await add_user(
                db, new, ask=ask, passwords=Passwords(), actor=operator(), now=utc_now()
            )
        finally:
            await db.close()

    with open_instance() as instance:
        added = asyncio.run(run())
    state = "added" if added.is_new else "known already, name and password unchanged"
    click.echo(f"{check_person(new)}: {state}; new grants as {role}: {added.granted}")


async def add_user(
    db: Database,
    new: NewPerson,
    *,
    ask: Callable[[], str],
    passwords: Passwords,
    actor: str,
    now: datetime,
) -> AddedPerson:
    """Add a person with a role through the operator's login, or the role to a known one.

    ``ask`` gives the password; it is called for a new person only, and no transaction is open
    while its hash is made. Raises PersonUnfit, PlaceUnknown, PasswordUnfit.
    """
    login = check_person(new)
    async with db.transaction(Loader()) as tx:
        await find_places(tx, new)
        known = await is_known(tx, login)
    password_hash = None
    if not known:
        password = ask()
        check_new(password, login=login)
        password_hash = await passwords.hash(password)
    async with db.transaction(Loader()) as tx:
        return await add_person(tx, new, password_hash=password_hash, actor=actor, now=now)


def ask_password() -> str:
    """Read a password: a line of standard input, or typed twice and unseen on a terminal."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")
