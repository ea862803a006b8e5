"""The picture of a payment text: PNG for files and print, SVG for pages, and the reading back.

Drawn by one library (qrcode) and read by another (zxing-cpp), so that a fault of either shows.
Never knows what the text says, and never adds a logo: nothing may cover a module.
"""

from functools import lru_cache
from io import BytesIO
from itertools import groupby

import zxingcpp
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError
from qrcode.main import QRCode
from qrcode.util import optimal_data_chunks

from kernel.errors import Invalid

QUIET_ZONE = 4
"""Blank modules that the QR standard (ISO/IEC 18004) wants on each side."""

_NUMERIC_RUN_MIN = 7
"""From this many digits on, numeric mode saves bits in a text of mixed characters."""

_QR_ONLY = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_KEPT_MAX = 256


class QrUndrawable(Invalid):
    """The text is empty, not ASCII or too long for one QR code."""

    code = "qr_undrawable"


class QrUnreadable(Invalid):
    """The picture holds no QR code that reads, or not the text it was drawn for."""

    code = "qr_unreadable"


def png(payload: str, *, scale: int = 8, border: int = QUIET_ZONE) -> bytes:
    """Draw ``payload`` as a black and white PNG, ``scale`` pixels a module, ``border`` in modules.

    Error correction M, the smallest version that fits. Raises QrUndrawable.
    """
    rows = _modules(payload)
    side = len(rows)
    whole = side + 2 * border
    picture = Image.new("L", (whole, whole), 255)
    picture.paste(Image.frombytes("L", (side, side), b"".join(rows)), (border, border))
    size = (whole * scale, whole * scale)
    large = picture.convert("1").resize(size, Image.Resampling.NEAREST)
    file = BytesIO()
    large.save(file, "PNG", optimize=True)
    return file.getvalue()


def svg(payload: str, *, border: int = QUIET_ZONE) -> str:
    """Draw ``payload`` as one SVG element: a path on white, no size of its own, fit to be inlined.

    ``border`` counts modules. The text itself is not in the element. Raises QrUndrawable.
    """
    rows = _modules(payload)
    side = len(rows) + 2 * border
    lines = [_line(row, border, border + at) for at, row in enumerate(rows) if 0 in row]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}"'
        f' shape-rendering="crispEdges"><rect width="{side}" height="{side}" fill="#fff"/>'
        f'<path fill="none" stroke="#000" d="{"".join(lines)}"/></svg>'
    )


def read_back(picture: bytes) -> str:
    """Read the text of a PNG that ``png`` drew: upright, sharp and alone; not for photographs.

    Raises QrUnreadable when it is no PNG or holds no QR code of ASCII text.
    """
    try:
        with Image.open(BytesIO(picture), formats=["PNG"]) as image:
            found = zxingcpp.read_barcode(
                image.convert("L"),
                formats=_QR_ONLY,
                try_rotate=False,
                try_downscale=False,
                try_invert=False,
                is_pure=True,
            )
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as broken:
        raise QrUnreadable("the bytes are no PNG that opens") from broken
    # Release 3.1.1 answers "nothing found" with an invalid object where its stub says None.
    if found is None or not found.valid or not found.bytes.isascii():
        raise QrUnreadable("no QR code of plain text in the picture")
    return found.bytes.decode("ascii")


def checked_png(payload: str, *, scale: int = 8, border: int = QUIET_ZONE) -> bytes:
    """Draw ``payload`` as ``png`` does, but give it out only after reading the same text back.

    Raises QrUndrawable, or QrUnreadable if the picture says anything else.
    """
    picture = png(payload, scale=scale, border=border)
    if read_back(picture) != payload:
        raise QrUnreadable("the picture does not say what it was drawn for")
    return picture


@lru_cache(maxsize=_KEPT_MAX)
def _modules(payload: str) -> tuple[bytes, ...]:
    """Place the modules: a row is bytes, 0 dark and 255 light, without border.

    Kept for the last texts, because a page asks for the same one as SVG and PNG.
    """
    if not payload or not payload.isascii():
        raise QrUndrawable("a QR code holds ASCII text, at least one character")
    code = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    for chunk in optimal_data_chunks(payload, minimum=_NUMERIC_RUN_MIN):
        code.add_data(chunk)
    try:
        code.make(fit=True)
    except (DataOverflowError, ValueError) as overflow:
        raise QrUndrawable("the text is too long for one QR code") from overflow
    return tuple(bytes(0 if dark else 255 for dark in row) for row in code.modules)


def _line(row: bytes, left: int, top: int) -> str:
    """Write the dark runs of one row as strokes of width 1 through the middle of the row."""
    strokes = [f"M{left} {top}.5"]
    gap = 0
    for shade, modules in groupby(row):
        length = len(list(modules))
        if shade:
            gap = length
        else:
            strokes.append(f"m{gap} 0h{length}" if gap else f"h{length}")
            gap = 0
    return "".join(strokes)
