"""The verb ``hocphi bench``: which benchmarks there are; each lives in its own ``bench_`` file."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import click

from service.bench_decide import bench_decide
from service.bench_import import bench_import
from service.bench_page import bench_page
from service.bench_qr import bench_qr
from service.bench_runs import CheckFailed, Figure, Scale, check, result_line, table_of
from service.bench_settle import bench_settle
from service.bench_start import bench_start
from service.bench_webhook import bench_webhook

ALL = "all"


@dataclass(frozen=True, slots=True)
class Bench:
    """One benchmark and the names of its figures, in the order printed."""

    measure: Callable[[Scale], list[Figure]]
    names: str


BENCHES: dict[str, Bench] = {
    "qr": Bench(bench_qr, "qr.png_per_cpu_s"),
    "decide": Bench(bench_decide, "decide.per_s decide.p99_ms"),
    "settle": Bench(bench_settle, "settle.per_s settle.ratio"),
    "webhook": Bench(
        bench_webhook,
        "webhook.per_s webhook.ratio webhook.batch_ratio webhook.floor_ratio webhook.p99_ms"
        " webhook.steady_per_s",
    ),
    "import": Bench(bench_import, "import.pupils_per_s"),
    "page": Bench(bench_page, "page.p99_ms page.bytes page.per_s page.ratio"),
    "start": Bench(bench_start, "start.seconds idle.rss_mb"),
}


@click.command()
@click.argument("name", type=click.Choice([*BENCHES, ALL]))
@click.option(
    "--scale", type=click.Choice([each.value for each in Scale]), default=Scale.SMALL.value
)
def bench(name: str, scale: str) -> None:
    """Measure NAME with its baseline in the same run; exit 1 if its own check fails."""
    broken: list[str] = []
    for each in BENCHES if name == ALL else [name]:
        try:
            show(each, BENCHES[each], Scale(scale))
        except CheckFailed as failed:
            if name != ALL:
                raise
            click.echo(f"hocphi: bench {each}: {failed.format_message()}", err=True)
            broken.append(each)
    if broken:
        sys.exit(1)


def show(name: str, wanted: Bench, scale: Scale) -> None:
    """Run one benchmark and print its table and its RESULT lines."""
    began = time.monotonic()
    figures = wanted.measure(scale)
    names = [each.name for each in figures]
    check(holds=names == wanted.names.split(), promise=f"every figure is there ({names})")
    took_s = time.monotonic() - began
    click.echo(f"{name} ({scale.value}, {took_s:.0f} s)\n{table_of(figures)}")
    for figure in figures:
        click.echo(result_line(figure))
