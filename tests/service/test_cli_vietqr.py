"""``hocphi vietqr`` prints what other programs rely on, and one line when it refuses."""

import json
from pathlib import Path

import pytest

from payments.qr_image import read_back
from tests.program import Ran, run_program

NAPAS_EXAMPLE = (
    "00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA"
    "530370454061800005802VN62340107NPS68690819thanh toan don hang63042E2E"
)
"""The dynamic account code of NAPAS, VietQR format v1.0, section 6.1."""

VNPAY = (
    "00020101021126280010A0000007750110010531314453037045408210900005802VN5910CELLPHONES"
    "62600312CPSHN ONLINE0517021908061613127850705ONLHN0810CellphoneS63047685"
)
"""A VNPAY code: xuannghia/vietnam-qr-pay, README.md, line 158."""


def run(*words: str) -> Ran:
    return run_program("vietqr", *words)


def assert_refused(answer: Ran) -> None:
    """One line on stderr, nothing on stdout, exit code 2."""
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert answer.stderr.startswith("hocphi: ")
    assert answer.stderr.count("\n") == 1


def test_decode_prints_the_fields_in_their_order() -> None:
    answer = run("decode", NAPAS_EXAMPLE)

    assert answer.exit_code == 0
    assert list(json.loads(answer.stdout).items()) == [
        ("scheme", "vietqr"),
        ("point_of_initiation", "12"),
        ("bank_bin", "970403"),
        ("account", "0011012345678"),
        ("service", "account"),
        ("amount_dong", 180_000),
        ("purpose", "thanh toan don hang"),
        ("bill", "NPS6869"),
        ("reference", None),
        ("crc", "2E2E"),
    ]


def test_decode_of_another_scheme_succeeds_without_a_payee() -> None:
    answer = run("decode", VNPAY)

    fields = json.loads(answer.stdout)
    assert answer.exit_code == 0
    assert fields["scheme"] == "other"
    assert (fields["bank_bin"], fields["account"], fields["service"]) == (None, None, None)
    assert fields["amount_dong"] == 21_090_000
    assert fields["reference"] == "02190806161312785"


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "hello",
        "two\nlines",
        NAPAS_EXAMPLE[:-1] + "F",
        NAPAS_EXAMPLE[:-8] + "62006304FFFF",
        NAPAS_EXAMPLE + "\n",
        NAPAS_EXAMPLE.replace("hang", "hàng"),
    ],
)
def test_decode_refuses_a_broken_text_in_one_line(payload: str) -> None:
    assert_refused(run("decode", payload))


def test_encode_prints_the_text_and_nothing_else() -> None:
    answer = run(
        *("encode", "--bank", "sacombank", "--account", "0011012345678", "--amount", "180000"),
        *("--purpose", "thanh toan don hang", "--bill", "NPS6869"),
    )

    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, NAPAS_EXAMPLE + "\n", "")


def test_encode_without_an_amount_is_static_and_may_name_a_card() -> None:
    answer = run(
        *("encode", "--bank", "970403", "--account", "9704031101234567", "--service", "card")
    )

    assert answer.stdout.strip() == (
        "00020101021138600010A00000072701300006970403011697040311012345670208QRIBFTTC"
        "53037045802VN63044F52"
    )


def test_encode_carries_the_reference() -> None:
    answer = run("encode", "--bank", "VCB", "--account", "1", "--reference", "MMT1")

    fields = json.loads(run("decode", answer.stdout.strip()).stdout)
    assert (fields["reference"], fields["bank_bin"]) == ("MMT1", "970436")


def test_encode_draws_both_pictures(tmp_path: Path) -> None:
    # given
    png_file, svg_file = tmp_path / "a.png", tmp_path / "a.svg"

    # when
    answer = run(
        *("encode", "--bank", "VCB", "--account", "0071000123456", "--amount", "20952000"),
        *("--purpose", "TT20260012", "--png", str(png_file), "--svg", str(svg_file)),
    )

    # then
    assert answer.exit_code == 0
    assert read_back(png_file.read_bytes()) == answer.stdout.strip()
    assert svg_file.read_text(encoding="utf-8").startswith("<svg ")


def test_encode_fails_in_one_line_when_a_file_cannot_be_written(tmp_path: Path) -> None:
    answer = run("encode", "--bank", "VCB", "--account", "1", "--png", str(tmp_path / "no" / "a"))

    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--bank", "BVB", "--account", "1"),
        ("--bank", "no\nbank", "--account", "1"),
        ("--bank", "VCB", "--account", ""),
        ("--bank", "VCB", "--account", "ab cd"),
        ("--bank", "VCB", "--account", "12345678901234567890"),
        ("--bank", "VCB", "--account", "1", "--amount", "0"),
        ("--bank", "VCB", "--account", "1", "--amount=-5"),
        ("--bank", "VCB", "--account", "1", "--amount", str(10**30)),
        ("--bank", "VCB", "--account", "1", "--purpose", "học phí"),
        ("--bank", "VCB", "--account", "1", "--purpose", "x" * 26),
        ("--bank", "VCB", "--account", "1", "--bill", ""),
    ],
)
def test_encode_refuses_in_one_line_and_writes_nothing(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "a.png"

    assert_refused(run("encode", *words, "--png", str(file)))
    assert not file.exists()


def test_the_refusal_of_an_ambiguous_code_names_both_bins() -> None:
    answer = run("encode", "--bank", "BVB", "--account", "1")

    assert "970438" in answer.stderr
    assert "970454" in answer.stderr


def test_an_amount_above_one_transfer_is_written_with_a_note_aside() -> None:
    answer = run("encode", "--bank", "VCB", "--account", "1", "--amount", "500000000")

    assert answer.exit_code == 0
    assert answer.stdout.startswith("000201010212")
    assert answer.stderr == "note: one NAPAS247 transfer is below 500.000.000 ₫\n"
    assert run("encode", "--bank", "VCB", "--account", "1", "--amount", "499999999").stderr == ""


@pytest.mark.parametrize("verb", [[], ["encode"], ["decode"]])
def test_every_verb_has_help(verb: list[str]) -> None:
    assert run(*verb, "--help").exit_code == 0
