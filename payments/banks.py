"""Which bank a BIN or a bank's code means; the two tables in this file are all we know.

Everything is keyed by BIN: codes differ from list to list, BVB even names two banks. Never guesses
between two banks and never asks a network.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from kernel.errors import Invalid

_BIN = re.compile(r"[0-9]{6}")
_FILLERS = re.compile(r"[\s.\-]+")

_LISTED_BY_STATE_BANK = """
970400 | SaigonBank | Ngân hàng TMCP Sài Gòn Công thương | SGICB SGB
970403 | Sacombank | Ngân hàng TMCP Sài Gòn Thương Tín | STB
970405 | Agribank | Ngân hàng Nông nghiệp và Phát triển Nông thôn Việt Nam | VBA
970406 | Vikki Bank | Ngân hàng TMCP Đông Á | VIKKI DOB DAB DONGA DONGABANK
970407 | Techcombank | Ngân hàng TMCP Kỹ thương Việt Nam | TCB
970408 | GPBank | Ngân hàng Thương mại TNHH MTV Dầu Khí Toàn Cầu | GPB
970409 | Bac A Bank | Ngân hàng TMCP Bắc Á | BAB NASB
970410 | Standard Chartered | Ngân hàng TNHH MTV Standard Chartered Việt Nam | SCVN SC
970412 | PVcomBank | Ngân hàng TMCP Đại Chúng Việt Nam | PVCB
970414 | MBV | Ngân hàng Thương mại TNHH MTV Đại Dương | OCEANBANK
970415 | VietinBank | Ngân hàng TMCP Công thương Việt Nam | ICB CTG
970416 | ACB | Ngân hàng TMCP Á Châu
970418 | BIDV | Ngân hàng TMCP Đầu tư và Phát triển Việt Nam | BID
970419 | NCB | Ngân hàng TMCP Quốc Dân | NVB NCBBANK
970421 | VRB | Ngân hàng Liên doanh Việt - Nga | VRBANK VIETNGABANK
970422 | MBBank | Ngân hàng TMCP Quân đội | MB MBB
970423 | TPBank | Ngân hàng TMCP Tiên Phong | TPB
970424 | Shinhan Bank | Ngân hàng TNHH MTV Shinhan Việt Nam | SHBVN SVB SHINHAN
970425 | ABBank | Ngân hàng TMCP An Bình | ABB
970426 | MSB | Ngân hàng TMCP Hàng Hải Việt Nam
970427 | VietABank | Ngân hàng TMCP Việt Á | VAB
970428 | Nam A Bank | Ngân hàng TMCP Nam Á | NAB
970429 | SCB | Ngân hàng TMCP Sài Gòn
970430 | PGBank | Ngân hàng TMCP Xăng dầu Petrolimex | PGB
970431 | Eximbank | Ngân hàng TMCP Xuất Nhập khẩu Việt Nam | EIB
970432 | VPBank | Ngân hàng TMCP Việt Nam Thịnh Vượng | VPB
970433 | VietBank | Ngân hàng TMCP Việt Nam Thương Tín | VBB
970434 | Indovina Bank | Ngân hàng TNHH Indovina | IVB
970436 | Vietcombank | Ngân hàng TMCP Ngoại thương Việt Nam | VCB
970437 | HDBank | Ngân hàng TMCP Phát triển Thành phố Hồ Chí Minh | HDB
970438 | BaoViet Bank | Ngân hàng TMCP Bảo Việt | BVB BVBANK BAOVIET
970439 | Public Bank | Ngân hàng TNHH MTV Public Việt Nam | PBVN
970440 | SeABank | Ngân hàng TMCP Đông Nam Á | SEAB SSB
970441 | VIB | Ngân hàng TMCP Quốc tế Việt Nam
970442 | Hong Leong Bank | Ngân hàng TNHH MTV Hong Leong Việt Nam | HLBVN HLB HONGLEONG
970443 | SHB | Ngân hàng TMCP Sài Gòn - Hà Nội
970444 | VCBNeo | Ngân hàng Thương mại TNHH MTV Xây dựng Việt Nam | CBB CBBANK VNCB
970446 | Co-opBank | Ngân hàng Hợp tác xã Việt Nam
970448 | OCB | Ngân hàng TMCP Phương Đông | OCBBANK
970449 | LPBank | Ngân hàng TMCP Lộc Phát Việt Nam | LPB LIENVIETPOSTBANK
970452 | KienlongBank | Ngân hàng TMCP Kiên Long | KLB
970454 | BVBank | Ngân hàng TMCP Bản Việt | BVB VCCB BANVIET VIETCAPITALBANK
970455 | IBK Hà Nội | Ngân hàng Công nghiệp Hàn Quốc - Chi nhánh Hà Nội | IBK IBKHN
970456 | IBK TP.HCM | Ngân hàng Công nghiệp Hàn Quốc - Chi nhánh TP. Hồ Chí Minh | IBK IBKHCM
970457 | Woori Bank | Ngân hàng TNHH MTV Woori Bank Việt Nam | WVN WRB WOORI
970458 | UOB | Ngân hàng TNHH MTV UOB Việt Nam | UNITEDOVERSEAS
970459 | CIMB | Ngân hàng TNHH MTV CIMB Việt Nam | CIMBBANK
970460 | VietCredit | Công ty Tài chính cổ phần Xi Măng
970462 | Kookmin Hà Nội | Ngân hàng Kookmin - Chi nhánh Hà Nội | KBHN KOOKMIN KOOKMINHN
970463 | Kookmin TP.HCM | Ngân hàng Kookmin - Chi nhánh TP. Hồ Chí Minh | KBHCM KOOKMIN KOOKMINHCM
970464 | TNEX Finance | Công ty Tài chính TNHH MTV Cộng Đồng | FCCOM
970465 | SinoPac | Ngân hàng SinoPac - Chi nhánh TP. Hồ Chí Minh
970466 | KEB Hana TP.HCM | Ngân hàng KEB Hana - Chi nhánh TP. Hồ Chí Minh | KEBHANA KEBHANAHCM
970467 | KEB Hana Hà Nội | Ngân hàng KEB Hana - Chi nhánh Hà Nội | KEBHANA KEBHANAHN
970468 | Mirae Asset | Công ty Tài chính TNHH MTV Mirae Asset (Việt Nam) | MAFC
970470 | Mcredit | Công ty Tài chính TNHH MB Shinsei
"""
"""BIN | brand | name | further codes; BINs given out until 2023-12-31 (letter 1589/NHNN-TT)."""

_LISTED_BY_NAPAS_USERS = """
422589 | CIMB | Ngân hàng TNHH MTV CIMB Việt Nam | CIMBBANK
458761 | HSBC | Ngân hàng TNHH MTV HSBC (Việt Nam)
546034 | CAKE | Ngân hàng số CAKE by VPBank
546035 | Ubank | Ngân hàng số Ubank by VPBank
668888 | KBank | Ngân hàng Đại chúng TNHH Kasikornbank - TP. Hồ Chí Minh | KASIKORN KASIKORNBANK
796500 | DBS | DBS Bank Ltd - Chi nhánh TP. Hồ Chí Minh | DBSBANK
801011 | Nonghyup | Ngân hàng Nonghyup - Chi nhánh Hà Nội | NONGHYUPBANK
963369 | Liobank | Ngân hàng số Liobank by OCB
963388 | Timo | Ngân hàng số Timo by BVBank
971025 | MoMo | Ví điện tử MoMo
"""
"""The same for BINs of other series that bank apps pay to (public list of npm vietnam-qr-pay)."""


class BankUnknown(Invalid):
    """The text is neither six digits nor a code or name in the table."""

    code = "bank_unknown"


class BankAmbiguous(Invalid):
    """The code means two banks or more; the fact ``bins`` names them."""

    code = "bank_ambiguous"


@dataclass(frozen=True, slots=True)
class _Bank:
    """One row of the table."""

    bank_bin: str
    name: str
    official_name: str
    aliases: frozenset[str]


def bin_of(text: str) -> str:
    """Give the six-digit BIN that ``text`` means: a BIN as it is, else a code or brand name.

    Case, accents, blanks, dots and hyphens do not matter. Six digits outside the table are taken
    too, because new BINs appear every year. Raises BankUnknown, or BankAmbiguous with the BINs.

    >>> bin_of("Vietcombank"), bin_of("icb"), bin_of("971133")
    ('970436', '970415', '971133')
    """
    bare = text.strip()
    if _BIN.fullmatch(bare):
        return bare
    bins = _bins_by_alias().get(_squash(bare))
    if bins is None:
        raise BankUnknown(f"no bank has the code {bare[:40]!r}; give its six-digit BIN", bank=bare)
    if len(bins) > 1:
        raise BankAmbiguous(
            f"{bare!r} means more than one bank, give a BIN: {' or '.join(bins)}",
            bank=bare,
            bins=bins,
        )
    return bins[0]


def bank_name(bank_bin: str) -> str:
    """Name the bank as people call it: its brand, or ``Ngân hàng <BIN>`` outside the table."""
    bank = _banks().get(bank_bin)
    return bank.name if bank else f"Ngân hàng {bank_bin}"


def official_name(bank_bin: str) -> str:
    """Name the bank in full, or ``Ngân hàng <BIN>`` outside the table.

    The names are those of the State Bank's letter of 2024-03-05, also where a bank has a new one.
    """
    bank = _banks().get(bank_bin)
    return bank.official_name if bank else f"Ngân hàng {bank_bin}"


def _squash(text: str) -> str:
    """Fold case and accents and drop blanks, dots and hyphens."""
    decomposed = unicodedata.normalize("NFD", text.upper().replace("Đ", "D"))
    letters = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    return _FILLERS.sub("", letters)


@cache
def _banks() -> dict[str, _Bank]:
    lines = (_LISTED_BY_STATE_BANK + _LISTED_BY_NAPAS_USERS).split("\n")
    return {bank.bank_bin: bank for bank in map(_read_line, filter(None, lines))}


def _read_line(line: str) -> _Bank:
    bank_bin, name, official, *codes = line.split(" | ")
    aliases = frozenset({_squash(name), *" ".join(codes).split()})
    return _Bank(bank_bin, name, official, aliases)


@cache
def _bins_by_alias() -> dict[str, list[str]]:
    bins: dict[str, list[str]] = {}
    for bank in _banks().values():
        for alias in bank.aliases:
            bins[alias] = [*bins.get(alias, []), bank.bank_bin]
    return bins
