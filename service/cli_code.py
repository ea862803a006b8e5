"""``hocphi code``: the payment code of a number, and the codes in a text.

Never asks the database whether a code was given out.
"""

import click

from kernel.settings import read_settings
from payments.reference import CodeBook
from reconciliation.memo import codes_in

_DASHES = {"ignore_unknown_options": True}
"""A memo or a number may begin with a dash."""


@click.group("code")
def code() -> None:
    """Make a payment code, or read the codes in a text."""


@code.command(context_settings=_DASHES)
@click.argument("number", metavar="N", type=int)
def make(*, number: int) -> None:
    """Print the payment code of sequence number N."""
    click.echo(_book().make(number))


@code.command(context_settings=_DASHES)
@click.argument("text", nargs=-1, required=True)
def read(*, text: tuple[str, ...]) -> None:
    """Print each payment code in TEXT with its number, one a line; nothing if there is none."""
    book = _book()
    for found in codes_in(" ".join(text), book.prefix):
        click.echo(f"{found} {book.number(found)}")


def _book() -> CodeBook:
    """Open the code book of this instance, by its settings or the key kept in HOCPHI_HOME."""
    settings = read_settings()
    return CodeBook(prefix=settings.code_prefix, key=settings.key("code_key"))
