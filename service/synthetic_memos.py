"""How banks dress the words a payer typed: shapes seen in published statements and samples.

Shapes only, filled with invented digits and names; no text of a real person's transfer.
Sources: public donation statements of September 2024 (VietinBank, BIDV), sample payloads of SePay,
Casso and Pay2S. The payer's words survive, but blanks and brackets may come between them.
"""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from service.synthetic_names import bank_upper, person

_ALPHABET = "0123456789CFHJKMNPRTVXG"
"""The symbols of a payment code after its prefix."""

_SENDERS = (
    "IBFT {memo}",
    "QR - {memo}",
    "{memo} FT{digits:.14}",
    "{memo}-{day:%d%m%y}-{day:%H:%M:%S} {digits:.6}",
    "MBVCB.{digits:.10}.{trace}.{memo}.CT tu {payer_account} {payer} toi {account}",
    "{digits:.11}-{memo}-CHUYEN TIEN-OQCH{trace}-MOMO{digits:.11}MOMO",
    "{payer} chuyen tien {memo}",
)
_RECEIVERS = {
    "970415": (
        "CT nhanh 247 den: {memo}",
        "Chuyen tien den tu NAPAS Noi dung: {memo}",
        "Chuyen tien den tu NAPAS Noi dung: {memo}; thoi gian GD:{day:%d/%m/%Y %H:%M:%S}",
    ),
    "970418": (
        "TKThe :{payer_account}, tai VCB. {memo} -CTLNHIDI{digits:.15}-1/1-CRE-002",
        "TKThe :{payer_account}, tai MSCBVNVX. {memo} -B2B0200970422{day:%m%d%H%M%S}20264{trace}",
        "REM Tfr Ac:{payer_account} O@L_080005_{trace}_0_0_{digits:.9} {memo}",
    ),
    "970422": (
        "CUSTOMER {memo}   Ma giao dich  Trace{trace} Trace {trace}",
        "{memo} - Ma GD ACSP/ ht{trace}",
    ),
    "970416": (
        "{memo} GD {trace}-{day:%m%d%y} {day:%H:%M:%S}",
        "ACC-GD {trace}-{day:%Y-%m-%dT%H:%M:%S}-{trace}-/CTR/{memo}/MAC/{digits:.16}",
        "IB {payer} {memo}",
    ),
    "970436": ("{trace}.{day:%d%m%y}.{day:%H%M%S}.{memo}",),
    "970432": ("NHAN TU {payer_account} TRACE {trace} ND {memo}",),
    "970405": ("MB({trace})({memo})", "VBA;{account};{memo}"),
}
_WITHOUT_CODE = (
    "{payer} nop tien hoc thang {day:%m}",
    "{payer} chuyen tien",
    "chuyen tien hoc phi",
    "nop tien ban tru thang {day:%m} {day:%Y}",
    "ZP{digits:.12} {digits:.15} {payer} dung Zalopay chuyen tien",
    "{payer} chuyen tien tu Viettel Money",
)
_OUTGOING = (
    "Phi quan ly tai khoan thang {day:%m}",
    "Thu phi dich vu SMS thang {day:%m}",
    "HBK-TKThe :{payer_account}, tai VCB. ND tien thuc pham -CTLNHIDO{digits:.15}-1/1-PMT-002",
    "Chi tra tien dien thang {day:%m}",
)
_COLUMN = 35
_WRAPS = "970422"
_WRAPPED_SHARE = 0.4
_SENDER_SHARE = 0.5
_FUSSY_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Payer:
    """Who sent the money, as banks write it: bare capitals, a sample account number."""

    name: str
    account: str


def payer(rng: Random) -> Payer:
    """Invent a payer."""
    adult = person(rng, female=rng.random() < 0.5)  # noqa: PLR2004  half of them
    return Payer(bank_upper(adult.name), f"0000{rng.randrange(10**9):09d}")


def dressed(
    rng: Random, memo: str, *, bank_bin: str, account: str, sender: Payer, day: datetime
) -> str:
    """Put ``memo`` into a text of the sending bank, the receiving bank, or both."""
    inner = memo
    receivers = _RECEIVERS.get(bank_bin)
    if receivers is None or rng.random() < _SENDER_SHARE:
        inner = _fill(rng, _SENDERS, inner, account=account, sender=sender, day=day)
    if receivers is None:
        return inner
    text = _fill(rng, receivers, inner, account=account, sender=sender, day=day)
    if bank_bin == _WRAPS and rng.random() < _WRAPPED_SHARE:
        flat = text.replace(".", " ").replace(":", " ")
        return "  ".join(flat[at : at + _COLUMN] for at in range(0, len(flat), _COLUMN))
    return text


def retyped(rng: Random, memo: str) -> str:
    """Give ``memo`` as scanned, or as a payer types it: small letters or blanks in the code."""
    if rng.random() >= _FUSSY_SHARE:
        return memo
    cut = len(memo) - 3 - rng.randrange(4)
    return rng.choice((memo.lower(), f"{memo[:cut]} {memo[cut:]}"))


def without_code(rng: Random, *, sender: Payer, day: datetime) -> str:
    """Write a memo that names no notice."""
    return _fill(rng, _WITHOUT_CODE, "", account="", sender=sender, day=day)


def outgoing(rng: Random, *, sender: Payer, day: datetime) -> str:
    """Write the text of money that leaves the account for another reason than a refund."""
    return _fill(rng, _OUTGOING, "", account="", sender=sender, day=day)


def unknown_code(rng: Random, code: str) -> str:
    """Invent a code of the same look, far from ``code`` and from all others."""
    return code[:3] + "".join(rng.choices(_ALPHABET, k=len(code) - 3))


def _fill(
    rng: Random, shapes: tuple[str, ...], memo: str, *, account: str, sender: Payer, day: datetime
) -> str:
    return rng.choice(shapes).format(
        memo=memo,
        account=account,
        payer=sender.name,
        payer_account=sender.account,
        day=day,
        trace=f"{rng.randrange(10**6):06d}",
        digits=f"{rng.randrange(10**16):016d}",
    )
