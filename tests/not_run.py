"""A pytest plugin: tests whose outside program is missing are counted, never hidden.

``needs("chromium")`` marks such a test, ``program("chromium")`` asks inside a fixture. No other
skip is known: one for any other reason fails the run.
"""

import shutil
from collections import Counter
from dataclasses import dataclass, field

import pytest

PACKAGES = {
    "chromium": "chromium",
    "openssl": "openssl",
    "psql": "postgresql-client",
    "redis-server": "redis-server",
    "rabbitmq-server": "rabbitmq-server",
    "pdftotext": "poppler-utils",
    "pdftoppm": "poppler-utils",
    "zbarimg": "zbar-tools",
}
"""Outside programs that a test may need, and the Debian package that brings each."""

QUIET = {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}


def reason(name: str) -> str:
    """Say what a test lacks; raises KeyError for a program that PACKAGES does not list."""
    return f"needs {name} (apt install {PACKAGES[name]})"


def needs(name: str) -> pytest.MarkDecorator:
    """Mark a test that runs the outside program ``name``."""
    return pytest.mark.skipif(shutil.which(name) is None, reason=reason(name))


def program(name: str) -> str:
    """Find the path of an outside program, or leave the test as not run."""
    path = shutil.which(name)
    return path if path is not None else pytest.skip(reason(name))


@dataclass(slots=True, eq=False)  # pytest keeps its plugins in sets
class Ledger:
    """What one run left out: by missing program, and without a good reason."""

    missing: Counter[str] = field(default_factory=Counter[str])
    unexcused: list[str] = field(default_factory=list[str])

    def note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        """Count a skipped test, or a skipped module."""
        if not report.skipped or hasattr(report, "wasxfail"):
            return
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        why = why.removeprefix("Skipped: ")
        lacking = next((name for name in PACKAGES if reason(name) == why), None)
        if lacking is None or shutil.which(lacking):
            self.unexcused.append(f"{report.nodeid}: {why}")
        else:
            self.missing[why] += 1

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look at each test."""
        self.note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Look at each module."""
        self.note(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run that skipped for any other reason."""
        if self.unexcused and session.exitstatus in QUIET:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print one line for each missing program, and every skip that has no excuse."""
        for line in self.unexcused:
            terminalreporter.write_line(f"SKIPPED WITHOUT EXCUSE {line}", red=True)
        for why, count in sorted(self.missing.items()):
            terminalreporter.write_line(f"NOT RUN {count}: {why}", yellow=True)


def pytest_configure(config: pytest.Config) -> None:
    """Keep one ledger for the run."""
    config.pluginmanager.register(Ledger(), "not-run-ledger")
