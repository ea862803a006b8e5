"""The program ``hocphi``: its verbs and where each lives. A verb's code is imported on use only."""

import importlib
import os
import sys
from typing import cast

import click

from kernel.errors import DomainError, Invalid

VERBS: dict[str, tuple[str, str]] = {
    "up": ("service.cli_run:up", "Run everything in one go: migrate, API, pages, worker."),
    "serve": ("service.cli_run:serve", "Run the API and the pages."),
    "worker": ("service.cli_run:worker", "Run a worker with the sweeper."),
    "migrate": ("service.cli_run:migrate", "Bring the database to today's shape."),
    "settings": ("service.cli_run:settings", "List every setting with its meaning."),
    "demo": ("service.cli_demo:demo", "Play one payment through the whole program."),
    "import": ("service.cli_import:group", "Bring in schools, pupils, notices, bank events."),
    "export": ("service.cli_export:group", "Write notices or outcomes as JSON lines."),
    "settle": ("service.cli_settle:settle", "Run the settling jobs here and now."),
    "books": ("service.cli_settle:books", "Check the books."),
    "vietqr": ("service.cli_vietqr:vietqr", "Write or read a VietQR payload."),
    "code": ("service.cli_code:code", "Make or read payment codes."),
    "pay": ("service.cli_pay:pay", "Play the bank (sandbox only): pay a code."),
    "user": ("service.cli_people:user", "Add people."),
    "connection": ("service.cli_doors:connection", "Add bank connections."),
    "endpoint": ("service.cli_doors:endpoint", "Add receivers of facts."),
    "sample": ("service.cli_sample:sample", "Write synthetic schools and bank events."),
    "bench": ("service.cli_bench:bench", "Measure, with a baseline in the same run."),
}


class Verbs(click.Group):
    """A group that imports a verb when it is used, so that ``--help`` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the verbs in the order of a working day."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb's command."""
        del ctx
        if cmd_name not in VERBS:
            return None
        module, name = VERBS[cmd_name][0].split(":")
        return cast("click.Command", getattr(importlib.import_module(module), name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs with their one line, without importing any."""
        del ctx
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, line) for verb, (_, line) in VERBS.items()])


@click.group(cls=Verbs)
@click.version_option("0.1.0", prog_name="hocphi")
def program() -> None:
    """School payments without cash: notices with VietQR, bank messages, books, rates."""


def main() -> None:
    """Run a verb; an error is one line on stderr: exit 2 for bad input, 1 for a failure."""
    try:
        program(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as wrong:
        fail(wrong.format_message(), wrong.exit_code)
    except click.Abort:
        fail("stopped", 1)
    except DomainError as wrong:
        fail(one_line(wrong), 2 if isinstance(wrong, Invalid) else 1)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as broken:
        if os.environ.get("HOCPHI_LOG_LEVEL") == "debug":
            raise
        first = (str(broken).splitlines() or [""])[0]
        fail(f"{type(broken).__name__}: {first} (HOCPHI_LOG_LEVEL=debug shows where)", 1)


def one_line(wrong: DomainError) -> str:
    """Write an error in one line: code, sentence, facts."""
    shown = ", ".join(f"{name}={value}" for name, value in wrong.facts.items())
    return f"{wrong.code}: {wrong}" + (f" ({shown})" if shown else "")


def fail(line: str, status: int) -> None:
    """Write one line to stderr and leave."""
    sys.stderr.write(f"hocphi: {' '.join(line.split())}\n")
    sys.exit(status)
