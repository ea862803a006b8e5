"""A drawn code says exactly the text it was drawn for, as PNG and as SVG."""

import json
import re
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from qrcode.main import QRCode

from kernel.money import Dong
from payments import qr_image
from payments.qr_image import QrUndrawable, QrUnreadable, checked_png, png, read_back, svg
from payments.vietqr import VietQr, encode

FILE = json.loads(Path(__file__).with_name("vietqr_vectors.json").read_text(encoding="utf-8"))
CANONICAL = {v["id"]: v["payload"] for v in FILE["vectors"] if v["class"] == "canonical"}
TYPICAL = encode(
    VietQr("970436", "0071000123456", Dong(1_250_000), purpose="HPXVHKR9P00JTM NGUYEN AN")
)
SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
PAYLOADS = st.builds(
    VietQr,
    bank_bin=st.text("0123456789", min_size=6, max_size=6),
    account=st.text(SAFE, min_size=1, max_size=19),
    amount=st.none() | st.integers(1, 10**13 - 1).map(Dong),
    purpose=st.none() | st.text(SAFE + " ", min_size=1, max_size=25),
).map(encode)


def saved(image: Image.Image, kind: str = "PNG") -> bytes:
    file = BytesIO()
    image.save(file, kind)
    return file.getvalue()


def painted(element: str) -> bytes:
    """Paint our SVG dialect (M x y, m dx 0, h length, stroke width 1) with 4 pixels a unit."""
    root = ET.fromstring(element)
    side = int(root.attrib["viewBox"].split()[2])
    picture = Image.new("L", (side * 4, side * 4), 255)
    draw = ImageDraw.Draw(picture)
    x = y = 0
    path = root.findall("{http://www.w3.org/2000/svg}path")[0].attrib["d"]
    for step, first, second in re.findall(r"([Mmh])([0-9]+)(?: ([0-9.]+))?", path):
        if step == "M":
            x, y = int(first), int(float(second) - 0.5)
        elif step == "m":
            x += int(first)
        else:
            draw.rectangle((x * 4, y * 4, (x + int(first)) * 4 - 1, y * 4 + 3), fill=0)
            x += int(first)
    return saved(picture)


@pytest.mark.parametrize("payload", CANONICAL.values(), ids=CANONICAL.keys())
def test_every_canonical_text_comes_back_from_both_pictures(payload: str) -> None:
    assert read_back(png(payload)) == payload
    assert read_back(painted(svg(payload))) == payload


@settings(max_examples=40)
@given(PAYLOADS, st.integers(1, 9), st.integers(0, 6))
def test_a_payment_text_comes_back_at_any_size(payload: str, scale: int, border: int) -> None:
    assert read_back(png(payload, scale=scale, border=border)) == payload
    assert read_back(painted(svg(payload, border=border))) == payload


@settings(max_examples=25)
@given(st.text([chr(code) for code in range(128)], min_size=1, max_size=120))
def test_any_ascii_text_comes_back(payload: str) -> None:
    assert read_back(png(payload, scale=2)) == payload


def test_a_typical_vietqr_is_small_enough_for_three_centimetres() -> None:
    # given the width of the code in modules: version = (width - 17) / 4
    with Image.open(BytesIO(png(TYPICAL, scale=1, border=0))) as image:
        width, mode = image.width, image.mode

    # then
    assert (width - 17) // 4 == 5
    assert mode == "1"
    assert len(png(TYPICAL)) < 1_000


def test_the_svg_is_one_small_path_without_a_size_or_the_text() -> None:
    # when
    element = svg(TYPICAL)
    root = ET.fromstring(element)

    # then
    assert len(element) < 4_000
    assert max(len(svg(payload)) for payload in CANONICAL.values()) < 9_000
    assert root.attrib["viewBox"] == "0 0 45 45"
    assert not {"width", "height"} & set(root.attrib)
    assert [child.tag.rpartition("}")[2] for child in root] == ["rect", "path"]
    assert "HPXVHKR9P00JTM" not in element


def test_the_svg_is_black_on_white() -> None:
    ground, code = ET.fromstring(svg(TYPICAL))

    assert ground.attrib == {"width": "45", "height": "45", "fill": "#fff"}
    assert (code.attrib["stroke"], code.attrib["fill"]) == ("#000", "none")


@pytest.mark.parametrize("picture", [png(TYPICAL, scale=4), painted(svg(TYPICAL))])
def test_a_drawn_code_keeps_its_quiet_zone(picture: bytes) -> None:
    # given the smallest box around everything dark
    with Image.open(BytesIO(picture)) as image:
        dark = image.convert("L").point(lambda shade: 255 - shade).getbbox()

    # then four modules of four pixels stay blank on each of the four sides
    assert dark == (16, 16, 180 - 16, 180 - 16)


def test_the_same_text_gives_the_same_bytes() -> None:
    first = (png(TYPICAL), svg(TYPICAL))
    qr_image._modules.cache_clear()

    assert (png(TYPICAL), svg(TYPICAL)) == first


@pytest.mark.parametrize("payload", ["", "học phí", "a" * 2332, "1" * 6000])
def test_a_text_that_no_code_holds_is_not_drawn(payload: str) -> None:
    with pytest.raises(QrUndrawable):
        png(payload)
    with pytest.raises(QrUndrawable):
        svg(payload)


def other_code(content: str, kind: str = "PNG") -> bytes:
    code = QRCode()
    code.add_data(content)
    return saved(code.make_image().get_image(), kind)


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"hello", id="no picture"),
        pytest.param(png(TYPICAL)[:300], id="cut"),
        pytest.param(saved(Image.new("L", (200, 200), 255)), id="blank"),
        pytest.param(other_code("học phí"), id="a code with accents"),
        pytest.param(other_code("HOC PHI", "BMP"), id="a code that is no PNG"),
    ],
)
def test_a_picture_without_a_code_is_unreadable(picture: bytes) -> None:
    with pytest.raises(QrUnreadable):
        read_back(picture)


def test_a_code_that_is_covered_is_unreadable() -> None:
    # given a code with a blot over its middle
    with Image.open(BytesIO(png(TYPICAL))) as image:
        spoilt = image.convert("L")
    ImageDraw.Draw(spoilt).rectangle((100, 100, 260, 260), fill=0)

    # when, then
    with pytest.raises(QrUnreadable):
        read_back(saved(spoilt))


def test_a_code_drawn_by_others_is_read_too() -> None:
    assert read_back(other_code("HOC PHI")) == "HOC PHI"


@given(st.integers(0, len(png(TYPICAL)) - 1), st.integers(1, 255))
@example(11, 1)  # the length of the first part
@example(35, 1)  # the length of the second part
def test_a_spoilt_file_is_read_or_refused_and_never_crashes(at: int, flips: int) -> None:
    # given
    spoilt = bytearray(png(TYPICAL))
    spoilt[at] ^= flips

    # when
    try:
        found = read_back(bytes(spoilt))
    except QrUnreadable:
        return

    # then
    assert found == TYPICAL


def test_a_checked_picture_says_its_text() -> None:
    assert read_back(checked_png(TYPICAL)) == TYPICAL
    assert checked_png(TYPICAL) == png(TYPICAL)


def test_a_picture_of_something_else_is_not_given_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a drawing fault: the modules of another text
    other = qr_image._modules(CANONICAL["C01"])
    monkeypatch.setattr(qr_image, "_modules", lambda _: other)

    # when, then
    with pytest.raises(QrUnreadable):
        checked_png(TYPICAL)
