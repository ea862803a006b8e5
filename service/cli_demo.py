"""The verb demo: plays one payment through the whole program and shows the value at each stop."""

import sys

import click

from service.demo import run_demo


@click.command()
@click.option("--once", is_flag=True, help="End after the payment, also on a terminal.")
def demo(*, once: bool) -> None:
    """Play one payment from the notice to the rate; exit 1 if any value is missing."""
    stay = sys.stdout.isatty() and sys.stdin.isatty() and not once
    missing = run_demo(stay=stay)
    if missing:
        raise click.ClickException(f"missing: {', '.join(missing)}")
