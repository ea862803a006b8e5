"""How fast QR pictures are drawn and read back, beside the plain library. Never cached ones."""

import time
from collections.abc import Callable, Sequence
from io import BytesIO

import qrcode
from qrcode.constants import ERROR_CORRECT_M

from kernel.money import Dong
from payments.qr_image import checked_png, read_back
from payments.vietqr import VietQr, encode
from service.bench_runs import Figure, Scale, alternate, check, compared

ROUNDS = 5
PICTURES: dict[Scale, int] = {Scale.SMALL: 40, Scale.PROVINCE: 400, Scale.NATION: 4_000}


def bench_qr(scale: Scale) -> list[Figure]:
    """Measure pictures a second of one processor."""
    return measure(pictures=PICTURES[scale], rounds=ROUNDS)


def measure(
    *, pictures: int, rounds: int, draw: Callable[[str], bytes] = checked_png
) -> list[Figure]:
    """Draw ``pictures`` new codes a round with ``draw`` and with the plain library.

    Raises CheckFailed if a picture of either does not say its text.
    """
    texts = [_payload(serial) for serial in range(pictures * rounds)]
    place = {"ours": 0, "plain": 0}

    def run(name: str, drawn_by: Callable[[str], bytes]) -> float:
        mine = texts[place[name] : place[name] + pictures]
        place[name] += pictures
        return _per_cpu_s(mine, drawn_by)

    values = alternate(
        rounds, {"ours": lambda: run("ours", draw), "plain": lambda: run("plain", plain_png)}
    )
    what = "drawn and read back; baseline: qrcode + pillow, drawn only"
    return [compared("qr.png_per_cpu_s", "png/s", what, values["ours"], values["plain"])]


def _per_cpu_s(texts: Sequence[str], draw: Callable[[str], bytes]) -> float:
    began = time.process_time()
    pictures = [draw(text) for text in texts]
    took = time.process_time() - began
    for text, picture in zip(texts, pictures, strict=True):
        check(holds=read_back(picture) == text, promise="every picture says its text")
    return len(texts) / took


def _payload(serial: int) -> str:
    return encode(
        VietQr(
            bank_bin="970403",
            account="0011012345678",
            amount=Dong(1_000_000 + serial),
            purpose=f"HPX {serial:011d}",
        )
    )


def plain_png(text: str) -> bytes:
    """Draw as the library's own page shows: one object, one image, saved."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=8, border=4)
    code.add_data(text)
    code.make(fit=True)
    file = BytesIO()
    code.make_image().save(file)
    return file.getvalue()
