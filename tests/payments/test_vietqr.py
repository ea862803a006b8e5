"""Every public VietQR is written and read exactly; every broken one is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.money import Dong
from payments.vietqr import (
    TRANSFER_LIMIT_DONG,
    Decoded,
    Merchant,
    QrFieldRefused,
    Scheme,
    Service,
    VietQr,
    decode,
    encode,
)
from payments.vietqr_read import QrChecksumWrong, QrMalformed, checksum

FILE = json.loads(Path(__file__).with_name("vietqr_vectors.json").read_text(encoding="utf-8"))
ROOT = {"mcc": "category", "merchant_name": "name", "merchant_city": "city"}
ROOT |= {name: name for name in ("tip", "fee_fixed", "fee_percent", "postal_code")}
LABELS = {"02": "mobile", "03": "store", "04": "loyalty", "06": "customer", "07": "terminal"}
LABELS |= {"09": "asks_for"}
LOCAL = {"00": "language", "01": "local_name", "02": "local_city"}


def vectors(*classes: str) -> list[Any]:
    return [pytest.param(v, id=v["id"]) for v in FILE["vectors"] if v["class"] in classes]


def merchant_of(fields: dict[str, Any]) -> Merchant:
    labels, local = fields.get("additional", {}), fields.get("language", {})
    found = {ours: fields.get(theirs) for theirs, ours in ROOT.items()}
    found |= {ours: labels.get(at) for at, ours in LABELS.items()}
    found |= {ours: local.get(at) for at, ours in LOCAL.items()}
    return Merchant(**found)


def make_qr(fields: dict[str, Any]) -> VietQr:
    labels = fields.get("additional", {})
    return VietQr(
        bank_bin=fields["bin"],
        account=fields["account"],
        amount=Dong(int(fields["amount"])) if "amount" in fields else None,
        purpose=labels.get("08"),
        bill=labels.get("01"),
        reference=labels.get("05"),
        service=Service(fields["service"]),
        merchant=merchant_of(fields),
    )


@pytest.mark.parametrize("vector", vectors("canonical"))
def test_a_canonical_qr_is_written_from_its_fields_exactly(vector: dict[str, Any]) -> None:
    assert encode(make_qr(vector["fields"])) == vector["payload"]


@pytest.mark.parametrize("vector", vectors("canonical", "decode_only"))
def test_a_vietqr_is_read_field_by_field(vector: dict[str, Any]) -> None:
    # given
    fields, labels = vector["fields"], vector["fields"].get("additional", {})

    # when
    found = decode(vector["payload"])

    # then
    assert found == Decoded(
        scheme=Scheme.VIETQR,
        point_of_initiation=fields["poi"],
        bank_bin=fields["bin"],
        account=fields["account"],
        service=Service(fields["service"]) if fields["service"] else None,
        amount=Dong(int(fields["amount"])) if "amount" in fields else None,
        purpose=labels.get("08"),
        bill=labels.get("01"),
        reference=labels.get("05"),
        crc=vector["payload"][-4:],
        merchant=merchant_of(fields),
    )


@pytest.mark.parametrize("vector", vectors("other_scheme"))
def test_another_scheme_is_told_apart_and_has_no_payee(vector: dict[str, Any]) -> None:
    # given
    fields = vector["fields"]

    # when
    found = decode(vector["payload"])

    # then
    assert found.scheme is Scheme.OTHER
    assert (found.bank_bin, found.account, found.service) == (None, None, None)
    assert found.amount == (int(fields["amount"]) if "amount" in fields else None)
    assert found.merchant == merchant_of(fields)


@pytest.mark.parametrize("vector", vectors("reject_crc"))
def test_a_wrong_checksum_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(QrChecksumWrong):
        decode(vector["payload"])


@pytest.mark.parametrize("vector", vectors("reject_tlv", "reject_both"))
def test_a_broken_structure_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(QrMalformed):
        decode(vector["payload"])


def test_all_public_vectors_are_here() -> None:
    classes = [vector["class"] for vector in FILE["vectors"]]

    assert len(classes) == 55
    assert {name: classes.count(name) for name in sorted(set(classes))} == {
        "canonical": 30,
        "decode_only": 6,
        "other_scheme": 4,
        "reject_both": 6,
        "reject_crc": 7,
        "reject_tlv": 2,
    }


@pytest.mark.parametrize("refusal", FILE["encode_refusals"], ids=lambda refusal: refusal["why"])
def test_an_account_no_bank_could_have_is_not_written(refusal: dict[str, str]) -> None:
    with pytest.raises(QrFieldRefused) as refused:
        encode(VietQr(refusal["bin"], refusal["account"]))

    assert refused.value.facts["field"] == "account"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bank_bin", "97043"),
        ("bank_bin", ""),
        ("bank_bin", "970436\n"),
        ("bank_bin", "٩٧٠٤٣٦"),
        ("account", "0011-22"),
        ("account", "12345678901234567890"),
        ("account", "0011\n"),
        ("amount", 0),
        ("amount", -5),
        ("amount", 10**13),
        ("purpose", ""),
        ("purpose", "x" * 26),
        ("purpose", "học phí"),
        ("purpose", "INV/2026"),
        ("purpose", "HP_01"),
        ("purpose", "HP01\n"),
        ("purpose", "HP01\t"),
        ("purpose", "***"),
        ("bill", ""),
        ("bill", "b" * 26),
        ("reference", "số 1"),
        ("merchant", Merchant(category="12")),
        ("merchant", Merchant(name="Phở")),
        ("merchant", Merchant(city="x" * 16)),
        ("merchant", Merchant(asks_for="AA")),
        ("merchant", Merchant(asks_for="X")),
        ("merchant", Merchant(local_name="Shop")),
        ("merchant", Merchant(language="en")),
    ],
)
def test_an_unsafe_value_is_not_written(field: str, value: object) -> None:
    values: dict[str, Any] = {"bank_bin": "970436", "account": "0071000123456", field: value}

    with pytest.raises(QrFieldRefused):
        encode(VietQr(**values))


@pytest.mark.parametrize("amount", [True, 100000.5, "100000"])
def test_an_amount_is_a_whole_number_or_an_error(amount: Any) -> None:
    with pytest.raises(TypeError):
        encode(VietQr("970436", "0071000123456", amount))


def test_labels_beyond_99_characters_together_are_not_written() -> None:
    # given 4 x (4 + 20) = 96 characters: one more label is too many
    full = VietQr(
        "970436", "1", None, "p" * 20, "b" * 20, "r" * 20, merchant=Merchant(store="s" * 20)
    )
    over = VietQr(
        "970436", "1", None, "p" * 24, "b" * 20, "r" * 20, merchant=Merchant(store="s" * 20)
    )

    # when, then
    assert decode(encode(full)).purpose == "p" * 20
    with pytest.raises(QrFieldRefused) as refused:
        encode(over)
    assert refused.value.facts["field"] == "additional"


def test_the_transfer_limit_is_told_but_not_asked() -> None:
    written = encode(VietQr("970436", "1", TRANSFER_LIMIT_DONG))

    assert decode(written).amount == 500_000_000


SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
LABEL = st.text([chr(code) for code in range(32, 127)], min_size=1, max_size=25)
QRS = st.builds(
    VietQr,
    bank_bin=st.text("0123456789", min_size=6, max_size=6),
    account=st.text(SAFE, min_size=1, max_size=19),
    amount=st.none() | st.integers(1, 10**13 - 1).map(Dong),
    purpose=st.none() | st.text(SAFE + " ", min_size=1, max_size=25),
    bill=st.none() | LABEL,
    reference=st.none() | LABEL,
    service=st.sampled_from(Service),
)


@given(QRS)
def test_what_is_written_is_read(qr: VietQr) -> None:
    # when
    found = decode(encode(qr))

    # then
    again = (found.bank_bin, found.account, found.amount, found.purpose, found.bill)
    assert again == (qr.bank_bin, qr.account, qr.amount, qr.purpose, qr.bill)
    assert (found.reference, found.service) == (qr.reference, qr.service)
    assert found.point_of_initiation == ("11" if qr.amount is None else "12")


@given(QRS, st.data())
def test_one_changed_character_is_never_read_as_another_payment(qr: VietQr, draw: Any) -> None:
    # given
    written = encode(qr)
    at = draw.draw(st.integers(0, len(written) - 1))
    other = draw.draw(st.characters(codec="ascii").filter(lambda mark: mark != written[at]))

    # when
    changed = written[:at] + other + written[at + 1 :]

    # then only the case of the checksum itself may change
    if at >= len(written) - 4 and other.upper() == written[at]:
        assert decode(changed).account == qr.account
    else:
        with pytest.raises(Invalid):
            decode(changed)


@given(QRS, st.randoms(use_true_random=False))
def test_the_order_between_the_first_and_the_last_object_does_not_matter(
    qr: VietQr, random: Any
) -> None:
    # given
    written = encode(qr)
    objects, at = [], 6
    while at < len(written) - 8:
        end = at + 4 + int(written[at + 2 : at + 4])
        objects.append(written[at:end])
        at = end

    # when
    random.shuffle(objects)
    shuffled = "000201" + "".join(objects) + "6304"
    found = decode(shuffled + checksum(shuffled))

    # then
    assert (found.account, found.amount, found.purpose) == (qr.account, qr.amount, qr.purpose)
