"""Text as banks and people write it, folded to what can be compared: accents, case and blanks.

Knows no payment code and no name list. Never decodes bytes, and never turns the legacy encodings
TCVN3 and VNI into Unicode: whoever reads an old file does that before.
"""

import re
import unicodedata

_NOT_PLAIN = re.compile(r"[^A-Z0-9]+")

_DROPPED = frozenset({"Mn", "Me", "Cf", "Cs"})
"""Accents, enclosing and invisible signs, halves of a pair: nothing that a memo carries."""

_BLANKS = frozenset({"Cc", "Zs", "Zl", "Zp"})

_ASCII = {
    **dict.fromkeys("đĐðÐɖƉ", "D"),
    **dict.fromkeys("øØ", "O"),
    **dict.fromkeys("łŁ", "L"),
    **dict.fromkeys("æÆ", "AE"),
    **dict.fromkeys("œŒ", "OE"),
    **dict.fromkeys("þÞ", "TH"),
    **dict.fromkeys("‐‒–—―−", "-"),
    **dict.fromkeys("‘’‛ʹʼ´\u1ffd", "'"),
    **dict.fromkeys("“”„«»", '"'),
    "⁄": "/",
}
"""Signs without a Unicode decomposition that have an ASCII twin; eth is often typed for đ."""

_REMEMBERED_MAX = 4096


class _Folds(dict[int, str]):
    """What each character folds to, worked out on first need; ``str.translate`` reads it."""

    def __missing__(self, point: int) -> str:
        """Fold a character not seen before; remember it while there is room."""
        folded = _folded(chr(point))
        if len(self) < _REMEMBERED_MAX:
            self[point] = folded
        return folded


def _folded(char: str) -> str:
    """Fold one character, again and again until nothing changes."""
    category = unicodedata.category(char)
    if category in _DROPPED:
        return ""
    if category in _BLANKS:
        return " "
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if char in _ASCII:
        return _ASCII[char]
    simpler = unicodedata.normalize("NFKD", char)
    if simpler == char:
        simpler = char.lower().upper()
    return char if simpler == char else "".join(_folded(each) for each in simpler)


_folds = _Folds()


def fold(text: str) -> str:
    """Write ``text`` in upper case, without accents, with single blanks, in ASCII where possible.

    Total: takes every str, also lone surrogates. Folding twice changes nothing more. What has no
    ASCII form (other scripts) stays as it is.

    >>> fold("  Đặng  Thị Ánh\u200b ")
    'DANG THI ANH'
    """
    return " ".join(text.translate(_folds).split())


def squash(text: str) -> str:
    """Fold ``text`` and keep only A-Z and 0-9, so that no wrap, dot or blank divides a word.

    >>> squash("hpx vhkr-9p00.jtm")
    'HPXVHKR9P00JTM'
    """
    return _NOT_PLAIN.sub("", fold(text))


def search_key(name: str) -> str:
    """Write ``name`` the way it is stored and asked for in a search: folded, lower case.

    >>> search_key("Nguyễn Hoà")
    'nguyen hoa'
    """
    return fold(name).lower()


_LETTERS = {
    "a\N{COMBINING BREVE}": "a{",
    "a\N{COMBINING CIRCUMFLEX ACCENT}": "a|",
    "e\N{COMBINING CIRCUMFLEX ACCENT}": "e{",
    "o\N{COMBINING CIRCUMFLEX ACCENT}": "o{",
    "o\N{COMBINING HORN}": "o|",
    "u\N{COMBINING HORN}": "u{",
}
"""Letters of their own, after their plain letter: ``{`` and ``|`` follow ``z`` in ASCII."""

_TONES = {
    "\N{COMBINING GRAVE ACCENT}": "1",
    "\N{COMBINING HOOK ABOVE}": "2",
    "\N{COMBINING TILDE}": "3",
    "\N{COMBINING ACUTE ACCENT}": "4",
    "\N{COMBINING DOT BELOW}": "5",
}
"""ngang (0), huyền, hỏi, ngã, sắc, nặng: the order of Vietnamese dictionaries."""


def sort_key(name: str) -> str:
    """Make the key that sorts a person's name as a Vietnamese class list does.

    Given name (last word) first, then family name (first word), then the middle; in each word
    letters (a ă â b c d đ ...) before the tone. Keys compare by bytes: ``COLLATE "C"``.
    The place of the tone mark does not count: hoà and hòa have one key.

    >>> sorted(["Lê Ân", "Võ Anh", "Đỗ An", "Bùi Ánh", "Dư An"], key=sort_key)
    ['Dư An', 'Đỗ An', 'Võ Anh', 'Bùi Ánh', 'Lê Ân']
    """
    spelled = unicodedata.normalize("NFKD", name).lower()
    keys = [key for key in map(_word_key, spelled.split()) if key]
    return " ".join(keys[-1:] + keys[:-1])


def _word_key(word: str) -> str:
    """Spell one decomposed, lower word as its letters and one digit for the tone."""
    letters: list[str] = []
    tone = "0"
    for char in word:
        if char in _TONES:
            tone = _TONES[char]
        elif letters and letters[-1] + char in _LETTERS:
            letters[-1] = _LETTERS[letters[-1] + char]
        elif char in "đð":
            letters.append("d{")
        else:
            letters.extend(each for each in fold(char).lower() if each.isalnum())
    return "".join(letters) + tone if letters else ""
