"""How fast a parent's notice comes from the running service, and how heavy it is."""

from statistics import median

from service.bench_load import Heard, Load, send
from service.bench_places import bench_instance, serving
from service.bench_runs import Figure, Scale, alternate, check, compared, ratio_only
from service.bench_samples import Sample, load_sample

CONNECTIONS = 2
SECONDS: dict[Scale, float] = {Scale.SMALL: 3.0, Scale.PROVINCE: 10.0, Scale.NATION: 30.0}
PAGES, MOST_PER_S = 1_000, 5_000
PAGE_BYTES_MAX = 50_000


def bench_page(scale: Scale) -> list[Figure]:
    """Measure the notice's page, a browser on each API process asking without a pause."""
    return measure(seconds=SECONDS[scale], rounds=3)


def measure(*, seconds: float, rounds: int) -> list[Figure]:
    """Get pages and /livez in turn; raises CheckFailed unless each page shows its own code."""
    pages: list[Heard] = []
    with bench_instance() as instance:
        sample = load_sample(instance, schools=4, pupils=500)
        with serving(instance) as port:

            def page() -> float:
                pages.append(_heard(port, seconds, _notices(sample)))
                return pages[-1].per_s

            def live() -> float:
                return _heard(port, seconds, [("/livez", "ok")]).per_s

            page()
            pages.clear()
            values = alternate(rounds, {"page": page, "livez": live})
    heaviest = max(each.bytes_max for each in pages)
    check(holds=heaviest < PAGE_BYTES_MAX, promise="a page has less than 50 KB")
    what = "baseline: the bare /livez"
    return [
        Figure(
            "page.p99_ms",
            median(each.p99_ms for each in pages),
            "ms",
            what=f"{CONNECTIONS} connections, one after the other",
        ),
        Figure("page.bytes", heaviest, "bytes", what="the heaviest page, not compressed"),
        compared("page.per_s", "pages/s", what, values["page"], values["livez"]),
        ratio_only("page.ratio", "by the bare /livez", values["page"], values["livez"]),
    ]


def _notices(sample: Sample) -> list[tuple[str, str]]:
    """Name pages and the code that each must show."""
    links = [(each.pay_url or "", each.code) for each in sample.invoices[:PAGES]]
    return [(link[link.index("/p/") :], code) for link, code in links]


def _heard(port: int, seconds: float, pages: list[tuple[str, str]]) -> Heard:
    most = int(seconds * MOST_PER_S)
    return send(Load(port=port, connections=CONNECTIONS, seconds=seconds, count=most, pages=pages))
