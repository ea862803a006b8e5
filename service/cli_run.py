"""Verbs that run the program: up, serve, worker, migrate, settings."""

import tempfile
from pathlib import Path

import click

from kernel.embedded import attach, wait_stopped
from kernel.logs import start_logging
from kernel.migrate import check_migrations
from kernel.settings import settings_table
from service.instance import OWNER, Instance, bring_up, open_instance
from service.up import Child, Family, listen


def _run(instance: Instance, *, api: bool, workers: int, port: int | None) -> None:
    settings = instance.settings
    start_logging(settings.log_level)
    listener = listen(settings.number("port") if port is None else port) if api else None
    roles = ["api"] * (settings.number("api_processes") if api else 0) + ["worker"] * workers
    if listener is not None:
        click.echo(f"hocphi: http://127.0.0.1:{listener.getsockname()[1]}")
    Family(instance, [Child(role) for role in roles], listener).run()


@click.command()
@click.option("--port", type=int, help="Port to listen on (0 = any free one).")
def up(port: int | None) -> None:
    """Run everything in one go: migrate, API and pages, worker, sweeper."""
    with open_instance(migrated=False) as instance:
        if instance.owner_url:
            bring_up(instance)
        workers = instance.settings.number("worker_processes")
        _run(instance, api=True, workers=workers, port=port)


@click.command()
@click.option("--port", type=int, help="Port to listen on (0 = any free one).")
def serve(port: int | None) -> None:
    """Run the API and the pages."""
    with open_instance() as instance:
        _run(instance, api=True, workers=0, port=port)


@click.command()
def worker() -> None:
    """Run a worker with the sweeper."""
    with open_instance() as instance:
        workers = instance.settings.number("worker_processes")
        _run(instance, api=False, workers=workers, port=None)


@click.command()
@click.option(
    "--check", is_flag=True, help="Go up, down and up on a throw-away database, then compare."
)
def migrate(check: bool) -> None:
    """Bring the database to today's shape and give its logins their roles."""
    if check:
        with tempfile.TemporaryDirectory() as folder:
            with attach(Path(folder)) as server:
                check_migrations(server.url(OWNER, "hocphi"))
            wait_stopped(Path(folder))
        click.echo("migrations: up, down, up; tables equal the code")
        return
    with open_instance(migrated=False) as instance:
        bring_up(instance)
    click.echo("the database has today's shape")


@click.command()
def settings() -> None:
    """List every setting with its default and meaning."""
    for variable, default, meaning in settings_table():
        click.echo(f"{variable:24} {default or '-':10} {meaning}")
