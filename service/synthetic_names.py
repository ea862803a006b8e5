"""Names of invented Vietnamese people, drawn by weight from a seeded generator.

Never a real person's record: the words are common, their combination is chance, and a name is
never unique. Surname weights (per mille): the national sample of Lê Trung Hoa as quoted on
hoten.org; the last rows (Huế) and all middle and given names are our assumption.
"""

import unicodedata
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate
from random import Random

LONG_NAME = "Công Tằng Tôn Nữ Nguyễn Phước Huyền Trân Thụy Khuê Bích Ngọc"
"""One pupil of each bundle bears a name that fits into no narrow column."""

_SURNAMES = (
    "Nguyễn 384 Trần 121 Lê 95 Phạm 70 Phan 45 Hoàng 34 Võ 29 Đặng 21 Bùi 20 Huỳnh 17 Trương 17 "
    "Đỗ 14 Hồ 13 Ngô 13 Vũ 10 Dương 10 Mai 9 Đinh 9 Trịnh 8 Hà 8 Cao 7 Lý 6 Lương 6 Châu 5 "
    "Tạ 4 Đoàn 4 Thái 4 Văn 3 Bạch 2 Phùng 2"
)
_MALE_SURNAMES = _SURNAMES + " Tôn_Thất 6"
_FEMALE_SURNAMES = _SURNAMES + " Tôn_Nữ 5 Công_Tằng_Tôn_Nữ 1"
_MALE_MIDDLES = (
    "Văn 90 Minh 80 Gia 70 Hoàng 60 Đức 60 Quốc 55 Hữu 50 Bảo 50 Quang 45 Thanh 40 Anh 40 "
    "Ngọc 35 Xuân 30 Đình 30 Công 25 Tuấn 25 Nhật 25 Khánh 20 Hải 20 Viết 10 Thế 15 Trọng 20 "
    "Hoàng_Minh 12 Nguyễn_Gia 12 Trần_Quốc 8 Lê_Bảo 8 Văn_Quang 6"
)
_FEMALE_MIDDLES = (
    "Thị 140 Ngọc 80 Minh 60 Bảo 60 Khánh 50 Phương 50 Thùy 45 Thanh 45 Hoàng 40 Quỳnh 40 Gia 35 "
    "Anh 35 Hà 30 Kim 30 Mai 25 Thu 25 Tường 20 Diệu 20 Hoài 15 Cẩm 10 Như 25 Thị_Thanh 20 "
    "Thị_Ngọc 20 Thị_Thu 18 Hoàng_Minh 10 Nguyễn_Bảo 10 Trần_Khánh 8 Thị_Quỳnh 8"
)
_MALE_GIVENS = (
    "Khang 40 Huy 40 Bảo 38 Minh 38 Phúc 36 Khoa 34 Anh 34 Phát 30 Đạt 30 Nam 28 Long 28 Khôi 28 "
    "Quân 26 Thịnh 26 Kiệt 24 Hưng 24 Nguyên 24 Tuấn 22 Hoàng 22 Dũng 20 Trí 20 Lâm 18 Tài 18 "
    "Hiếu 18 Đức 18 Quang 16 Sơn 14 Việt 14 Thiện 14 An 14 Nghĩa 12 Vinh 12 Hải 12 Tùng 10 Cường 8"
)
_FEMALE_GIVENS = (
    "Anh 44 Ngọc 38 Vy 38 Nhi 36 Trân 32 Hân 32 Thư 32 My 28 Linh 28 Châu 26 Trang 26 Ngân 26 "
    "Phương 24 Uyên 24 Quỳnh 22 Như 22 Thảo 22 Mai 20 Hà 20 Khuê 18 Chi 18 Yến 18 Tiên 16 "
    "Trâm 16 An 16 Hương 14 Lan 14 Thủy 12 Hiền 12 Diệp 12 Hằng 10 Nga 10 Ý 8 Hoa 8"
)


@dataclass(frozen=True, slots=True)
class Weighted:
    """Words with their cumulative weights, summed once for millions of draws."""

    words: tuple[str, ...]
    bounds: tuple[int, ...]

    def draw(self, rng: Random) -> str:
        """Draw one word by its weight."""
        return self.words[bisect(self.bounds, rng.random() * self.bounds[-1])]


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person: surname and whole name, accents composed (NFC)."""

    surname: str
    name: str
    female: bool


def weighted(text: str) -> Weighted:
    """Read ``word weight word weight ...``; an underscore inside a word stands for a blank."""
    parts = text.split()
    words = (word.replace("_", " ") for word in parts[::2])
    return Weighted(tuple(words), tuple(accumulate(int(weight) for weight in parts[1::2])))


_TABLES = {
    False: tuple(weighted(text) for text in (_MALE_SURNAMES, _MALE_MIDDLES, _MALE_GIVENS)),
    True: tuple(weighted(text) for text in (_FEMALE_SURNAMES, _FEMALE_MIDDLES, _FEMALE_GIVENS)),
}
_ROYAL = {"Tôn Thất": "Tôn Nữ", "Tôn Nữ": "Tôn Thất", "Công Tằng Tôn Nữ": "Tôn Thất"}
_FEMALE_ROYAL = {"Tôn Nữ", "Công Tằng Tôn Nữ"}


def seeded(seed: int, *labels: object) -> Random:
    """Open a generator whose draws depend on ``seed`` and ``labels`` alone, on every machine."""
    label = "/".join(str(part) for part in ("hocphi", seed, *labels))
    return Random(label)  # noqa: S311  sample rows, not secrets; must repeat


def person(rng: Random, *, female: bool, surname: str | None = None) -> Person:
    """Invent a person; with ``surname``, a member of that family in the form for the sex."""
    surnames, middles, givens = _TABLES[female]
    family = surnames.draw(rng) if surname is None else _surname_for(surname, female=female)
    middle, given = middles.draw(rng), givens.draw(rng)
    while middle.startswith(family):
        middle = middles.draw(rng)
    while given in middle.split():
        given = givens.draw(rng)
    return Person(family, f"{family} {middle} {given}", female)


def bank_upper(text: str) -> str:
    """Write ``text`` as banks do: upper case, no accents, one blank between words.

    >>> bank_upper("Trường Tiểu học Số 1 Phú Bài")
    'TRUONG TIEU HOC SO 1 PHU BAI'
    """
    bare = unicodedata.normalize("NFD", text.upper().replace("Đ", "D"))
    return " ".join("".join(sign for sign in bare if sign.isascii()).split())


def _surname_for(surname: str, *, female: bool) -> str:
    if surname in _ROYAL and (surname in _FEMALE_ROYAL) != female:
        return _ROYAL[surname]
    return surname
