"""Ids made before the insert: UUIDv7 by RFC 9562, in the order of their milliseconds."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122, UUID

from kernel.ids import new_id


def milliseconds_of(made: UUID) -> int:
    return made.int >> 80


def test_the_layout_is_version_7_of_the_rfc() -> None:
    before = time.time_ns() // 1_000_000
    made = [new_id() for _ in range(1_000)]
    after = time.time_ns() // 1_000_000

    assert {each.version for each in made} == {7}
    assert {each.variant for each in made} == {RFC_4122}
    assert all(before <= milliseconds_of(each) <= after for each in made)


def test_every_random_bit_is_used_and_no_other_moves() -> None:
    made = [new_id().int & ((1 << 80) - 1) for _ in range(2_000)]
    ever_set, always_set = 0, (1 << 80) - 1
    for each in made:
        ever_set |= each
        always_set &= each

    fixed = (0x7 << 76) | (0b10 << 62)
    assert always_set == fixed
    assert ever_set == ((1 << 80) - 1) & ~(0x8 << 76) & ~(0b01 << 62)


def test_ids_of_later_milliseconds_sort_behind_as_numbers_text_and_bytes() -> None:
    made: list[UUID] = []
    for _ in range(20):
        made.append(new_id())
        time.sleep(0.002)

    assert made == sorted(made)
    assert [str(each) for each in made] == sorted(str(each) for each in made)
    assert [each.bytes for each in made] == sorted(each.bytes for each in made)


def test_no_two_are_equal_not_even_from_threads_in_the_same_millisecond() -> None:
    with ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(new_id) for _ in range(20_000)]

    assert len({each.result() for each in waiting}) == 20_000
