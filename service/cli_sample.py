"""The verbs ``hocphi sample``: invented schools and invented bank events, by seed.

Only files are written; no database is touched, so samples reach a running system by its imports.
"""

from dataclasses import asdict
from pathlib import Path

import click
import msgspec

from service.synthetic import write_bundle
from service.synthetic_bank_rows import read_invoices
from service.synthetic_events import write_events


@click.group()
def sample() -> None:
    """Write sample files: invented people, accounts that belong to nobody."""


@sample.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--schools", type=click.IntRange(min=1), required=True, help="Number of schools.")
@click.option(
    "--pupils", type=click.IntRange(min=1), required=True, help="Mean number of pupils a school."
)
@click.option("--seed", type=int, required=True, help="The same seed gives the same bytes.")
@click.option("--period", default="2026-11", show_default=True, help="Month of the notices.")
def bundle(directory: Path, schools: int, pupils: int, seed: int, period: str) -> None:
    """Write a bundle of schools, pupils and notices to DIRECTORY, ready for `import bundle`."""
    facts = write_bundle(
        directory, schools=schools, pupils_per_school=pupils, seed=seed, period=period
    )
    click.echo(msgspec.json.encode(asdict(facts)).decode())


@sample.command()
@click.argument("invoices", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--seed", type=int, required=True, help="The same seed gives the same bytes.")
@click.option("--count", type=click.IntRange(min=0), help="The most events to write.")
def events(invoices: Path, out: Path, seed: int, count: int | None) -> None:
    """Write bank events for the lines of `export invoices` to OUT, and the truth beside it.

    OUT.jsonl gets OUT.truth.jsonl: per event its kind and what is right.
    """
    facts = write_events(read_invoices(invoices), out, seed=seed, count=count)
    click.echo(msgspec.json.encode(asdict(facts)).decode())
