"""The pure middle of the desk: the split that was typed, cursors, marked memos, silence."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.money import Dong
from payments.model import InvoiceState
from payments.reads_desk import DeskNotice
from reconciliation.model import Reason
from service.case_form import Typed, keepers, split_of, typed_of
from service.case_page import memo_parts
from service.cursors import CursorMalformed, cursor_of, key_of, moment_cursor, moment_key
from service.desk_pages import is_silent
from service.desk_words import REASONS, TITLES, evidence_of
from service.once import form_of

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
amounts = st.integers(min_value=1, max_value=5_000_000)


def notice(number: int, outstanding: int, *, school: int = 1, pupil: str = "") -> DeskNotice:
    return DeskNotice(
        school_id=school,
        id=number,
        account_id=1,
        student_id=number,
        code=f"C{number}",
        state=InvoiceState.ISSUED,
        pupil_name="An",
        pupil_code=pupil or f"P{number}",
        pupil_sort="an",
        class_name="3A",
        period=date(2026, 11, 1),
        due_date=date(2026, 11, 30),
        due=Dong(outstanding),
        outstanding=Dong(outstanding),
        bank_bin="970403",
        account_number="0011",
        memo_prefix=None,
    )


@given(
    owed=st.lists(amounts, min_size=1, max_size=6),
    typed=st.lists(st.integers(min_value=0, max_value=5_000_000), min_size=6, max_size=6),
    credit=amounts,
    rest=st.booleans(),
)
def test_a_split_is_whole_to_the_dong_and_fits_or_there_is_none(owed, typed, credit, rest):
    notices = {each.code: each for each in (notice(n, dong) for n, dong in enumerate(owed, 1))}
    rows = tuple(zip(notices, (str(each) for each in typed), strict=False))

    split = split_of(Typed(rows, "P1" if rest else "", ""), Dong(credit), notices)

    fits = all(0 < int(text) <= notices[code].outstanding for code, text in rows)
    total = sum(int(text) for _, text in rows)
    assert (split.assignment is not None) == (
        fits and (total == credit or (rest and total < credit))
    )
    if split.assignment is None:
        assert split.errors
    else:
        parts = [*split.assignment.notices, *split.assignment.pupils]
        assert sum(part.amount for part in parts) == credit


@given(st.text(max_size=20))
def test_no_text_is_ever_taken_for_another_amount(text):
    whole = notice(1, 100)

    split = split_of(Typed((("C1", text),), "", ""), Dong(100), {"C1": whole})

    if split.assignment is not None:
        assert int(text.strip().removesuffix("đ")) == 100


def test_a_row_that_lacks_its_amount_is_no_form_of_ours():
    assert typed_of([("code", "A"), ("amount", ""), ("note", " x ")]).note == "x"
    for odd in ([("code", "A")], [("rest_to", "1"), ("rest_to", "2")]):
        with pytest.raises(Invalid):
            typed_of(odd)


def test_a_pupil_code_that_two_schools_use_keeps_no_rest():
    rows = [notice(1, 5, pupil="X"), notice(2, 5, school=2, pupil="X"), notice(3, 5)]

    assert list(keepers(rows)) == ["P3"]


@given(
    st.text(alphabet=st.characters(exclude_characters="\0"), max_size=60), st.integers(0, 2**63 - 1)
)
def test_a_cursor_reads_back_what_was_written(key, number):
    assert key_of(cursor_of(key, number)) == (key, number)


@given(st.text(max_size=40))
def test_any_other_text_is_a_malformed_cursor_and_nothing_worse(text):
    for read in (key_of, moment_key):
        try:
            read(text)
        except CursorMalformed:
            continue


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_cursor_by_time_keeps_every_microsecond(at):
    assert moment_key(moment_cursor(at, 7)) == (at, 7)


@given(st.text(max_size=40), st.lists(st.sampled_from(["HPX12", "AB", "C"]), max_size=3))
def test_the_pieces_of_a_memo_are_the_memo(memo, codes):
    parts = memo_parts(memo, codes)

    assert "".join(part.text for part in parts) == memo


def test_a_code_is_marked_also_where_the_bank_has_broken_it():
    parts = memo_parts("ck hpx vhkr-9p00.jtm cam on", ["HPXVHKR9P00JTM"])

    assert [part.text for part in parts if part.marked] == ["hpx vhkr-9p00.jtm"]


def test_every_reason_has_its_words():
    assert {each.value for each in Reason} <= TITLES.keys() & REASONS.keys()
    assert [each.text for each in evidence_of(("kept_for_pupil:1250000", "odd:x"))] == [
        "Thừa 1.250.000\N{NO-BREAK SPACE}đ, thành số dư của em",
        "Odd:x",
    ]


@given(st.lists(st.integers(1, 200), min_size=1, max_size=20), st.integers(0, 12 * 60))
def test_half_a_day_is_never_silence(gaps_h, minutes):
    heard = [NOW - timedelta(hours=sum(gaps_h[:place])) for place in range(len(gaps_h))]

    assert not is_silent(heard, NOW + timedelta(minutes=minutes))


def test_a_form_is_the_same_only_by_the_same_hand_place_and_words():
    def digest(actor="tam", path="/a", **fields):
        return form_of("key-number-1", actor=actor, path=path, fields=fields.items()).digest

    assert digest(x="1", _csrf_token="a") == digest(x="1", _csrf_token="b")
    assert len({digest(x="1"), digest(x="2"), digest("hoa", x="1"), digest(path="/b", x="1")}) == 4
    with pytest.raises(Invalid):
        form_of("", actor="tam", path="/a", fields=())
