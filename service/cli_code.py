"""``hocphi code``: the payment code of a number, and the codes in a text.

Never asks the database whether a code was given out.
"""

import os

import click

from kernel.errors import Invalid
from payments.reference import CodeBook
from reconciliation.memo import codes_in

_KEY_VARIABLE = "HOCPHI_CODE_KEY"
_DASHES = {"ignore_unknown_options": True}
"""A memo or a number may begin with a dash."""


class BadInput(click.ClickException):
    """Ends the command with exit code 2 and one line on stderr."""

    exit_code = 2


def code_key() -> bytes:
    """Read the key of the payment codes (hex) from the environment; raises BadInput."""
    written = os.environ.get(_KEY_VARIABLE, "").strip()
    if not written:
        raise BadInput(f"{_KEY_VARIABLE} is not set: the hex key of the payment codes")
    try:
        return bytes.fromhex(written)
    except ValueError:
        raise BadInput(f"{_KEY_VARIABLE} is not hex") from None


@click.group("code")
def code() -> None:
    """Make a payment code, or read the codes in a text."""


@code.command(context_settings=_DASHES)
@click.argument("number", metavar="N", type=int)
def make(*, number: int) -> None:
    """Print the payment code of sequence number N."""
    try:
        click.echo(_book().make(number))
    except Invalid as refused:
        raise BadInput(str(refused)) from refused


@code.command(context_settings=_DASHES)
@click.argument("text", nargs=-1, required=True)
def read(*, text: tuple[str, ...]) -> None:
    """Print each payment code in TEXT with its number, one a line; nothing if there is none."""
    book = _book()
    for found in codes_in(" ".join(text), book.prefix):
        click.echo(f"{found} {book.number(found)}")


def _book() -> CodeBook:
    """Open the code book of this instance; raises BadInput for a key that does not fit."""
    try:
        return CodeBook(key=code_key())
    except Invalid as refused:
        raise BadInput(str(refused)) from refused
