"""The payment code: a prefix, eight payload and three check symbols, made from a sequence number.

Payload: a keyed permutation of the number, so that neighbours never look alike and nobody can
count codes. Check symbols: Reed-Solomon over GF(23) with distance 4, so that three wrong symbols,
or any swap, never make another code. Never corrects a code and never looks one up.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

from kernel.errors import Invalid

ALPHABET = "0123456789CFHJKMNPRTVXG"
"""No vowel, no W and no D: a Vietnamese keyboard (Telex, VNI) changes none of these."""

DEFAULT_PREFIX = "HPX"
PAYLOAD_LENGTH = 8
CHECK_LENGTH = 3
BODY_LENGTH = PAYLOAD_LENGTH + CHECK_LENGTH
CODE_LENGTH = len(DEFAULT_PREFIX) + BODY_LENGTH
"""Symbols of a code with the usual prefix; with any other it is the prefix and BODY_LENGTH."""

MEMO_LENGTH_MAX = 25
"""EMV field 62-08, the purpose of a VietQR transfer."""

_FIELD = len(ALPHABET)
_PAIRS = _FIELD**2
_HALF = _FIELD**4
NUMBERS = _HALF**2
"""How many codes there are: numbers 0 to NUMBERS - 1."""

_KEY_BYTES_MIN, _KEY_BYTES_MAX = 16, blake2b.MAX_KEY_SIZE
_ROUNDS = 10
_SCHEME = b"hocphi code 1"
_LANE_BITS = 7
_LANE = (1 << _LANE_BITS) - 1
_CHECK_OFFSET = (17, 16, 11)
"""Added to the check symbols: no word of zeros is a code, nor a code moved by one place."""

_LETTERS = re.compile(r"[A-Z]{2,5}")
_KEYBOARD = re.compile(r"[AEIOUYWD]")
_MEMO_WORDS = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")

_COMMON = "HP HS HD HX CK PH TT TK KH NH GH NG TH TR CH SK SP HK HPS EDU HOC LOP STK SDT VND GVCN"
"""Words and junctions of words that squashed memos hold by chance."""

_BANKS = ("FT", "MBVCB", "MOMO", "IBFT", "GD", "ND", "CT", "QR", "TRACE", "ZP", "SEVQR", "TKP")
"""What banks and wallets write before, behind or in place of a memo."""


class CodeMalformed(Invalid):
    """The text is no payment code: wrong prefix, length, symbol or check symbols."""

    code = "code_malformed"


class CodeNumberUnfit(Invalid):
    """A sequence number lies outside 0 to NUMBERS - 1."""

    code = "code_number_unfit"


class CodeKeyUnfit(Invalid):
    """The key of the permutation is not 16 to 64 bytes long."""

    code = "code_key_unfit"


class PrefixUnfit(Invalid):
    """A prefix would be found by chance, or a keyboard would change it; the fact is ``rule``."""

    code = "prefix_unfit"


class MemoPrefixUnfit(Invalid):
    """What stands before a code in a memo is not words of A-Z, a-z, 0-9, or holds the prefix."""

    code = "memo_prefix_unfit"


class MemoTooLong(Invalid):
    """The memo has more than 25 characters; the facts are ``length`` and ``limit``."""

    code = "memo_too_long"


def _check_weights() -> tuple[dict[str, int], ...]:
    """Tabulate what each pair of payload symbols, at each of its places, adds to the checks.

    The three sums stand in lanes of one int; a lane holds four summands and the offset (< 128).
    A place k from the end takes -x^k mod (x - 5)(x - 5^2)(x - 5^3) = x^3 + 6x^2 + 11x + 15.
    """
    shares = [(6, 11, 15)]
    for _ in range(PAYLOAD_LENGTH - 1):
        high, middle, low = shares[-1]
        shares.append(
            ((middle - 6 * high) % _FIELD, (low - 11 * high) % _FIELD, -15 * high % _FIELD)
        )
    shares.reverse()

    def summand(place: int, first: int, second: int) -> int:
        both = zip(shares[place], shares[place + 1], strict=True)
        lanes = [(one * first + two * second) % _FIELD for one, two in both]
        return _packed(lanes)

    return tuple(
        {
            one + two: summand(place, first, second)
            for first, one in enumerate(ALPHABET)
            for second, two in enumerate(ALPHABET)
        }
        for place in range(0, PAYLOAD_LENGTH, 2)
    )


def _packed(lanes: Sequence[int]) -> int:
    first, second, third = lanes
    return (first << _LANE_BITS | second) << _LANE_BITS | third


_PAIR_TEXT = tuple(one + two for one in ALPHABET for two in ALPHABET)
_PAIR_VALUE = {text: value for value, text in enumerate(_PAIR_TEXT)}
_WEIGHTS = _check_weights()
_OFFSET = _packed(_CHECK_OFFSET)
_SYMBOL = ALPHABET * (_LANE // _FIELD + 1)


def _check_symbols(payload: str) -> str:
    """Give the three check symbols of eight payload symbols; raises KeyError on a strange one."""
    one, two, three, four = _WEIGHTS
    total = _OFFSET + one[payload[:2]] + two[payload[2:4]] + three[payload[4:6]] + four[payload[6:]]
    first, second = total >> 2 * _LANE_BITS, total >> _LANE_BITS & _LANE
    return _SYMBOL[first] + _SYMBOL[second] + _SYMBOL[total & _LANE]


@lru_cache(maxsize=16)
def _round_hashes(key: bytes) -> tuple[blake2b, ...]:
    """Prepare one keyed hash for each round; a copy of it takes the half to mix."""
    return tuple(
        blake2b(key=key, digest_size=8, person=_SCHEME, salt=bytes([turn]))
        for turn in range(_ROUNDS)
    )


def _mix(keyed: blake2b, half: int) -> int:
    """Draw a number below _HALF from one half of the payload (bias 2^-45)."""
    mixer = keyed.copy()
    mixer.update(half.to_bytes(3, "big"))
    return int.from_bytes(mixer.digest(), "big") % _HALF


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBook:
    """All codes of one prefix and key: number to code and back. The same book for ever.

    Raises PrefixUnfit, or CodeKeyUnfit unless the key has 16 to 64 bytes.
    """

    prefix: str = DEFAULT_PREFIX
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a prefix or key that no code may be printed with."""
        check_prefix(self.prefix)
        if not _KEY_BYTES_MIN <= len(self.key) <= _KEY_BYTES_MAX:
            raise CodeKeyUnfit(
                f"the code key has {_KEY_BYTES_MIN} to {_KEY_BYTES_MAX} bytes", length=len(self.key)
            )

    def make(self, number: int) -> str:
        """Make the code of a sequence number; raises CodeNumberUnfit outside [0, 23^8).

        A balanced Feistel network of 10 rounds (blake2b) permutes the numbers: two numbers never
        share a code.
        """
        if not 0 <= number < NUMBERS:
            raise CodeNumberUnfit(f"a code number lies in [0, {NUMBERS})", number=number)
        left, right = divmod(number, _HALF)
        for keyed in _round_hashes(self.key):
            left, right = right, (left + _mix(keyed, right)) % _HALF
        first, second = divmod(left, _PAIRS)
        third, fourth = divmod(right, _PAIRS)
        text = _PAIR_TEXT
        payload = text[first] + text[second] + text[third] + text[fourth]
        return self.prefix + payload + _check_symbols(payload)

    def number(self, code: str) -> int:
        """Give the sequence number of a code as it is stored: upper case, no blanks.

        Raises CodeMalformed. Text that people typed is read by ``reconciliation.memo`` first.
        """
        if not is_code(code, self.prefix):
            raise CodeMalformed("this is no payment code", field="code")
        payload = code[-BODY_LENGTH:-CHECK_LENGTH]
        values = [_PAIR_VALUE[payload[at : at + 2]] for at in range(0, PAYLOAD_LENGTH, 2)]
        left, right = values[0] * _PAIRS + values[1], values[2] * _PAIRS + values[3]
        for keyed in reversed(_round_hashes(self.key)):
            left, right = (right - _mix(keyed, left)) % _HALF, left
        return left * _HALF + right


def is_code(text: str, prefix: str = DEFAULT_PREFIX) -> bool:
    """Say whether ``text`` is exactly a code: prefix, length, symbols and check symbols.

    Needs no key, so a right answer does not say that the code was ever given out.

    >>> is_code("HPXVHKR9P00JTM"), is_code("HPXVHRK9P00JTM")
    (True, False)
    """
    if len(text) != len(prefix) + BODY_LENGTH or not text.startswith(prefix):
        return False
    try:
        return _check_symbols(text[-BODY_LENGTH:-CHECK_LENGTH]) == text[-CHECK_LENGTH:]
    except KeyError:
        return False


def grouped(code: str) -> str:
    """Write a code for people, in groups; raises CodeMalformed.

    >>> grouped("HPXVHKR9P00JTM")
    'HPX VHKR 9P00 JTM'
    """
    prefix, body = _divided(code)
    return f"{prefix} {body[:4]} {body[4:8]} {body[8:]}"


def _divided(code: str) -> tuple[str, str]:
    """Divide a code into prefix and body; raises CodeMalformed."""
    prefix, body = code[:-BODY_LENGTH], code[-BODY_LENGTH:]
    if not (_LETTERS.fullmatch(prefix) and is_code(code, prefix)):
        raise CodeMalformed("this is no payment code", field="code")
    return prefix, body


def check_prefix(prefix: str) -> None:
    """Refuse a prefix that memos hold by chance or that a Vietnamese keyboard changes.

    Raises PrefixUnfit with ``rule``: ``letters`` (not 2 to 5 of A-Z), ``common``, ``bank`` or
    ``keyboard`` (a vowel, W or D: with Telex, AX becomes ã and a symbol is lost).
    """
    rules = {
        "letters": not _LETTERS.fullmatch(prefix),
        "common": prefix in _COMMON.split(),
        "bank": prefix.startswith(_BANKS),
        "keyboard": bool(_KEYBOARD.search(prefix)),
    }
    broken = next((rule for rule, breaks in rules.items() if breaks), None)
    if broken is not None:
        raise PrefixUnfit(
            "a code prefix has 2 to 5 letters, no vowel, W or D, and is no word of banks or memos",
            field="prefix",
            rule=broken,
        )


def memo_text(code: str, memo_prefix: str | None) -> str:
    """Write the memo of a transfer: the account's own prefix, if any, a blank, and the code.

    Raises CodeMalformed, MemoTooLong beyond 25 characters, and MemoPrefixUnfit if the account's
    prefix is not words of A-Z, a-z, 0-9, or if the code's own prefix would be read too early.
    """
    own_prefix, _ = _divided(code)
    if not memo_prefix:
        return code
    memo = f"{memo_prefix} {code}"
    if len(memo) > MEMO_LENGTH_MAX:
        raise MemoTooLong(
            f"a memo has at most {MEMO_LENGTH_MAX} characters",
            length=len(memo),
            limit=MEMO_LENGTH_MAX,
        )
    squashed = memo.replace(" ", "").upper()
    early = squashed.find(own_prefix) < len(squashed) - len(code)
    if early or not _MEMO_WORDS.fullmatch(memo_prefix):
        raise MemoPrefixUnfit(
            "a memo prefix is letters without accents, digits and single blanks",
            field="memo_prefix",
        )
    return memo
