"""The text of a VietQR: whom to pay, how much and with which memo, written and read.

Written by hand from the NAPAS format (VietQR for NAPAS247 transfers, v1.0, 2021-09), in plain
ASCII only: apps disagree on how long a letter with an accent is. Never draws, never looks up an
account, and never takes a QR of another scheme for a VietQR.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kernel.errors import Invalid
from kernel.money import Dong, dong
from payments.vietqr_read import (
    CRC_HEADER,
    QrMalformed,
    checksum,
    read_objects,
    read_root,
    read_templates,
)

TRANSFER_LIMIT_DONG = Dong(500_000_000)
"""A single NAPAS247 transfer is below this many đồng (v1.0, 8.1.1); the encoder does not ask."""

PURPOSE_LENGTH_MAX = 25

_NAPAS = "A000000727"
_DONG_ISO = "704"
_ADDITIONAL_LENGTH_MAX = 99
_BIN = re.compile(r"[0-9]{6}")
_ACCOUNT = re.compile(r"[0-9A-Za-z]{1,19}")
_AMOUNT_MAX = 10**13 - 1
_AMOUNT_READ = re.compile(r"(?=.{1,13}$)0*[1-9][0-9]*\.?")
_LABEL = re.compile(r"[ -~]{1,25}")


class QrFieldRefused(Invalid):
    """A value may not stand in a VietQR; the fact ``field`` names it."""

    code = "qr_field_refused"


class Service(StrEnum):
    """What the payer's bank does: transfer to an account or a card, pay for goods, hand out cash.

    PUSH and CASH stand in NAPAS's wider switching format, not in that of transfers.
    """

    ACCOUNT = "QRIBFTTA"
    CARD = "QRIBFTTC"
    PUSH = "QRPUSH"
    CASH = "QRCASH"


class Scheme(StrEnum):
    """Whose QR a text is: NAPAS VietQR, or any other scheme in the same envelope."""

    VIETQR = "vietqr"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Merchant:
    """What a shop's QR carries beside the transfer; a school's own QR leaves all of it out."""

    category: str | None = None
    tip: str | None = None
    fee_fixed: str | None = None
    fee_percent: str | None = None
    name: str | None = None
    city: str | None = None
    postal_code: str | None = None
    mobile: str | None = None
    store: str | None = None
    loyalty: str | None = None
    customer: str | None = None
    terminal: str | None = None
    asks_for: str | None = None
    language: str | None = None
    local_name: str | None = None
    local_city: str | None = None


NO_MERCHANT = Merchant()


@dataclass(frozen=True, slots=True)
class VietQr:
    """One VietQR to write. Without an amount (đồng) it may be paid many times, any amount."""

    bank_bin: str
    account: str
    amount: Dong | None = None
    purpose: str | None = None
    bill: str | None = None
    reference: str | None = None
    service: Service = Service.ACCOUNT
    merchant: Merchant = NO_MERCHANT


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a QR text says. Under scheme OTHER there is no bank, account or service, ever.

    ``service`` is None where the text names none we know; ``amount`` is đồng, or None.
    """

    scheme: Scheme
    point_of_initiation: str | None
    bank_bin: str | None
    account: str | None
    service: Service | None
    amount: Dong | None
    purpose: str | None
    bill: str | None
    reference: str | None
    crc: str
    merchant: Merchant


_SHOP_ROOT = {
    "52": "category",
    "55": "tip",
    "56": "fee_fixed",
    "57": "fee_percent",
    "59": "name",
    "60": "city",
    "61": "postal_code",
}
_SHOP_LABELS = {
    "02": "mobile",
    "03": "store",
    "04": "loyalty",
    "06": "customer",
    "07": "terminal",
    "09": "asks_for",
}
_SHOP_LOCAL = {"00": "language", "01": "local_name", "02": "local_city"}
_SHOP_RULES = dict.fromkeys([*_SHOP_LABELS.values(), "name", "local_name"], _LABEL) | {
    "category": re.compile(r"[0-9]{4}"),
    "tip": re.compile(r"[0-9]{2}"),
    "fee_fixed": re.compile(r"[0-9]{1,13}"),
    "fee_percent": re.compile(r"[0-9]{1,2}(\.[0-9]{0,2})?"),
    "city": re.compile(r"[ -~]{1,15}"),
    "postal_code": re.compile(r"[ -~]{1,10}"),
    "asks_for": re.compile(r"(?!.*(.).*\1)[AME]{1,3}"),
    "language": re.compile(r"[A-Za-z]{2}"),
    "local_city": re.compile(r"[ -~]{1,15}"),
}
_FIELD_RULES = {
    "bank_bin": _BIN,
    "account": _ACCOUNT,
    "purpose": re.compile(rf"[A-Za-z0-9 ]{{1,{PURPOSE_LENGTH_MAX}}}"),
    "bill": _LABEL,
    "reference": _LABEL,
}
_SERVICES = {service.value: service for service in Service}


def encode(qr: VietQr) -> str:
    """Write the text of ``qr``: dynamic (12) with an amount, static (11) without.

    Raises QrFieldRefused for a BIN that is not six digits, an account beyond ``[0-9A-Za-z]{1,19}``,
    an amount below 1 đồng or above 13 digits, a purpose beyond 25 of ``[A-Za-z0-9 ]`` (banks drop
    the rest), other labels beyond 25 of printable ASCII, or all labels beyond 99 characters;
    TypeError for an amount that is no whole number.
    """
    _check(qr)
    shop = qr.merchant
    payee = _join(("00", qr.bank_bin), ("01", qr.account))
    body = _join(
        ("00", "01"),
        ("01", "11" if qr.amount is None else "12"),
        ("38", _join(("00", _NAPAS), ("01", payee), ("02", qr.service.value))),
        ("52", shop.category),
        ("53", _DONG_ISO),
        ("54", None if qr.amount is None else str(dong(qr.amount))),
        ("55", shop.tip),
        ("56", shop.fee_fixed),
        ("57", shop.fee_percent),
        ("58", "VN"),
        ("59", shop.name),
        ("60", shop.city),
        ("61", shop.postal_code),
        ("62", _additional(qr)),
        ("64", _language(shop)),
    )
    text = body + CRC_HEADER
    return text + checksum(text)


def decode(payload: str) -> Decoded:
    """Read a QR text strictly; objects may stand in any order and unknown ones are passed over.

    A text of another EMV scheme is told apart by its GUID and gives scheme OTHER without payee.
    Raises QrMalformed for a broken structure (zero lengths, an id twice, two VietQR payees,
    non-ASCII, no currency or country) and QrChecksumWrong for a wrong checksum.
    """
    root = read_root(payload)
    parts = read_templates(root)
    vietqrs = [at for at in parts if "26" <= at <= "51" and parts[at].get("00") == _NAPAS]
    if len(vietqrs) > 1:
        raise QrMalformed("two VietQR payees in one text", where=vietqrs[1])
    bank_bin, account, service = None, None, None
    if vietqrs:
        bank_bin, account, service = _read_payee(vietqrs[0], parts[vietqrs[0]], root)
    labels = parts.get("62", {})
    return Decoded(
        scheme=Scheme.VIETQR if vietqrs else Scheme.OTHER,
        point_of_initiation=root.get("01"),
        bank_bin=bank_bin,
        account=account,
        service=service,
        amount=_read_amount(root),
        purpose=labels.get("08"),
        bill=labels.get("01"),
        reference=labels.get("05"),
        crc=root["63"],
        merchant=_read_merchant(root, labels, parts.get("64", {})),
    )


def _join(*objects: tuple[str, str | None]) -> str:
    """Write the objects that have a value: id, length in two digits, value."""
    return "".join([f"{at}{len(value):02}{value}" for at, value in objects if value is not None])


def _check(qr: VietQr) -> None:
    for field, rule in _FIELD_RULES.items():
        _check_field(field, getattr(qr, field), rule)
    if qr.amount is not None and not 1 <= qr.amount <= _AMOUNT_MAX:
        raise QrFieldRefused("an amount is at least 1 đồng and at most 13 digits", field="amount")
    if qr.merchant is not NO_MERCHANT:
        for field, rule in _SHOP_RULES.items():
            _check_field(field, getattr(qr.merchant, field), rule)


def _check_field(field: str, value: str | None, rule: re.Pattern[str]) -> None:
    if value is not None and not rule.fullmatch(value):
        raise QrFieldRefused(f"{field} must match {rule.pattern}", field=field, rule=rule.pattern)


def _additional(qr: VietQr) -> str | None:
    """Write template 62, the labels of the bill; None if there are none."""
    shop = qr.merchant
    labels = _join(
        ("01", qr.bill),
        ("02", shop.mobile),
        ("03", shop.store),
        ("04", shop.loyalty),
        ("05", qr.reference),
        ("06", shop.customer),
        ("07", shop.terminal),
        ("08", qr.purpose),
        ("09", shop.asks_for),
    )
    if len(labels) > _ADDITIONAL_LENGTH_MAX:
        raise QrFieldRefused("all labels together are longer than 99", field="additional")
    return labels or None


def _language(shop: Merchant) -> str | None:
    """Write template 64, the shop's name in another language; None if there is none."""
    local = _join(("00", shop.language), ("01", shop.local_name), ("02", shop.local_city))
    if local and (shop.language is None or shop.local_name is None):
        raise QrFieldRefused("a local name needs its language and the other way", field="language")
    return local or None


def _read_payee(
    at: str, template: Mapping[str, str], root: Mapping[str, str]
) -> tuple[str, str, Service | None]:
    """Read BIN, account and service of the NAPAS template that stands at ``at``."""
    if root["53"] != _DONG_ISO or root["58"] != "VN":
        raise QrMalformed("a VietQR is in đồng (704) and of Vietnam (VN)", where="53")
    payee = read_objects(template.get("01", ""), where=f"{at}.01")
    bank_bin, account = payee.get("00", ""), payee.get("01", "")
    if not _BIN.fullmatch(bank_bin) or not _ACCOUNT.fullmatch(account):
        raise QrMalformed("a VietQR names a BIN of six digits and an account", where=f"{at}.01")
    return bank_bin, account, _SERVICES.get(template.get("02", ""))


def _read_amount(root: Mapping[str, str]) -> Dong | None:
    """Read the amount (đồng): ``50000.`` is legal, 0 and ``100.0`` are not; None if foreign."""
    if "54" not in root or root["53"] != _DONG_ISO:
        return None
    if not _AMOUNT_READ.fullmatch(root["54"]):
        raise QrMalformed("the amount is no whole number of đồng above 0", where="54")
    return Dong(int(root["54"].rstrip(".")))


def _read_merchant(
    root: Mapping[str, str], labels: Mapping[str, str], local: Mapping[str, str]
) -> Merchant:
    found = {field: root.get(at) for at, field in _SHOP_ROOT.items()}
    found |= {field: labels.get(at) for at, field in _SHOP_LABELS.items()}
    found |= {field: local.get(at) for at, field in _SHOP_LOCAL.items()}
    return Merchant(**found)
