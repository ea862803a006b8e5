"""The envelope of an EMV QR text: objects of id, length and value, closed by a checksum.

Reads strictly and knows no scheme: what a value means stands in ``payments/vietqr.py``. Never
mends a text: a wrong length or checksum is refused, not guessed around.

Sources: NAPAS, VietQR format for NAPAS247 transfers, v1.0, 2021-09; EMVCo, QR Code Specification
for Payment Systems, merchant-presented mode.
"""

import re
from binascii import crc_hqx

from kernel.errors import Invalid

CRC_HEADER = "6304"

_PRINTABLE = re.compile(r"[ -~]*")
_HEADER_LENGTH = 4
_CRC = re.compile(r"[0-9A-Fa-f]{4}")
_CURRENCY = re.compile(r"[0-9]{3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_CRC_START = 0xFFFF


class QrMalformed(Invalid):
    """The text breaks the structure of an EMV QR; the fact ``where`` names the place."""

    code = "qr_malformed"


class QrChecksumWrong(Invalid):
    """The structure is sound but the checksum belongs to another text."""

    code = "qr_checksum_wrong"


def checksum(text: str) -> str:
    """Compute the CRC-16 (polynomial 1021, start FFFF) of ASCII ``text``, four upper-case digits.

    >>> checksum("123456789")
    '29B1'
    """
    return f"{crc_hqx(text.encode('ascii'), _CRC_START):04X}"


def read_root(payload: str) -> dict[str, str]:
    """Read the outer objects of a whole QR text, value by id, the checksum (63) among them.

    Only 00 (first) and 63 (last) have a fixed place. A lower-case checksum is taken, because MB and
    MoMo write it so. Raises QrMalformed for broken objects, for any character outside printable
    ASCII (apps count its length in two ways) and for a text without currency, country or payee;
    QrChecksumWrong for a wrong checksum.
    """
    if not _PRINTABLE.fullmatch(payload):
        raise QrMalformed("a character outside printable ASCII", where="root")
    root = read_objects(payload, where="root")
    ids = list(root)
    if not ids or ids[0] != "00" or root["00"] != "01":
        raise QrMalformed("the text does not begin with 000201", where="00")
    if ids[-1] != "63" or not _CRC.fullmatch(root["63"]):
        raise QrMalformed("the text does not end with a checksum of four hex digits", where="63")
    if checksum(payload[:-4]) != root["63"].upper():
        raise QrChecksumWrong("the checksum does not fit the text", where="63")
    _check_frame(root)
    return root


def read_templates(root: dict[str, str]) -> dict[str, dict[str, str]]:
    """Read the outer objects that hold objects themselves: by outer id, then by inner id.

    These are the payee templates 26 to 51, the labels 62, the language 64 and the unreserved 80 to
    99. Raises QrMalformed as ``read_objects`` does.
    """
    return {at: read_objects(value, where=at) for at, value in root.items() if _is_template(at)}


def read_objects(text: str, *, where: str) -> dict[str, str]:
    """Split ``text`` into its objects, value by id, in the order they stand.

    Lengths are counted in characters. Raises QrMalformed, naming ``where``, for a broken header, a
    length of zero, a length beyond the end, or an id that stands twice.
    """
    objects: dict[str, str] = {}
    at = 0
    while at < len(text):
        header = text[at : at + _HEADER_LENGTH]
        if len(header) < _HEADER_LENGTH or not (header.isascii() and header.isdigit()):
            raise QrMalformed(f"{where}: no id and length at character {at}", where=where)
        identifier, length = header[:2], int(header[2:])
        at += _HEADER_LENGTH + length
        if length == 0:
            raise QrMalformed(f"{where}: object {identifier} is empty", where=where)
        if at > len(text):
            raise QrMalformed(f"{where}: object {identifier} runs past the end", where=where)
        if identifier in objects:
            raise QrMalformed(f"{where}: object {identifier} stands twice", where=where)
        objects[identifier] = text[at - length : at]
    return objects


def _is_template(at: str) -> bool:
    return "26" <= at <= "51" or at >= "80" or at in ("62", "64")


def _check_frame(root: dict[str, str]) -> None:
    """Refuse a text without currency, country or any payee account, all due in every scheme."""
    if root.get("01", "11") not in ("11", "12"):
        raise QrMalformed("the point of initiation is neither 11 nor 12", where="01")
    if not _CURRENCY.fullmatch(root.get("53", "")):
        raise QrMalformed("no currency of three digits", where="53")
    if not _COUNTRY.fullmatch(root.get("58", "")):
        raise QrMalformed("no country of two letters", where="58")
    if not any("02" <= at <= "51" for at in root):
        raise QrMalformed("no payee account", where="02-51")
