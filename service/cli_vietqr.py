"""``hocphi vietqr``: write a VietQR text or read one, without server, database or network.

Never looks up an account: what is typed is what is written.
"""

import json
from pathlib import Path

import click

from kernel.money import Dong
from payments.banks import bin_of
from payments.qr_image import checked_png, svg
from payments.vietqr import TRANSFER_LIMIT_DONG, Decoded, Service, VietQr
from payments.vietqr import decode as decode_text
from payments.vietqr import encode as encode_text

_SERVICES = {"account": Service.ACCOUNT, "card": Service.CARD}
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("vietqr")
def vietqr() -> None:
    """Write a VietQR text or read one."""


@vietqr.command()
@click.option("--bank", required=True, help="BIN of six digits, or a bank's code or name.")
@click.option("--account", required=True, help="Account or card number: letters and digits, <= 19.")
@click.option("--amount", type=int, help="Amount in đồng; without it the payer types one.")
@click.option("--purpose", help="Memo: letters without accents, digits, blanks, <= 25.")
@click.option("--bill", help="Bill number, <= 25.")
@click.option("--reference", help="Reference label, <= 25.")
@click.option("--service", type=click.Choice(list(_SERVICES)), default="account", show_default=True)
@click.option("--png", "png_file", type=_FILE, help="Also draw it to this PNG file, read back.")
@click.option("--svg", "svg_file", type=_FILE, help="Also draw it to this SVG file.")
def encode(  # noqa: PLR0913  one parameter an option
    *,
    bank: str,
    account: str,
    amount: int | None,
    purpose: str | None,
    bill: str | None,
    reference: str | None,
    service: str,
    png_file: Path | None,
    svg_file: Path | None,
) -> None:
    """Print the VietQR text that pays ACCOUNT at BANK."""
    payload = encode_text(
        VietQr(
            bank_bin=bin_of(bank),
            account=account,
            amount=None if amount is None else Dong(amount),
            purpose=purpose,
            bill=bill,
            reference=reference,
            service=_SERVICES[service],
        )
    )
    if png_file is not None:
        _write(png_file, checked_png(payload))
    if svg_file is not None:
        _write(svg_file, svg(payload).encode())
    if amount is not None and amount >= TRANSFER_LIMIT_DONG:
        click.echo("note: one NAPAS247 transfer is below 500.000.000 ₫", err=True)
    click.echo(payload)


@vietqr.command()
@click.argument("payload")
def decode(*, payload: str) -> None:
    """Print the fields of a QR text as JSON; another EMV scheme has no payee."""
    click.echo(json.dumps(_fields(decode_text(payload)), ensure_ascii=False, indent=2))


def _fields(decoded: Decoded) -> dict[str, str | int | None]:
    """Lay out what was read, in the order that other programs rely on."""
    return {
        "scheme": decoded.scheme.value,
        "point_of_initiation": decoded.point_of_initiation,
        "bank_bin": decoded.bank_bin,
        "account": decoded.account,
        "service": decoded.service.name.lower() if decoded.service else None,
        "amount_dong": decoded.amount,
        "purpose": decoded.purpose,
        "bill": decoded.bill,
        "reference": decoded.reference,
        "crc": decoded.crc,
    }


def _write(file: Path, content: bytes) -> None:
    """Write a picture; ends the command with exit code 1 if the file cannot be written."""
    try:
        file.write_bytes(content)
    except OSError as broken:
        raise click.FileError(str(file), broken.strerror) from broken
