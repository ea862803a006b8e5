"""Reads payment codes out of a bank memo, whatever the banks on the way wrote around them.

Exact codes only: a typing error is never corrected here. Never asks whether a code was given out.
"""

from kernel.text import squash
from payments.reference import BODY_LENGTH, DEFAULT_PREFIX, is_code

_LOOK_ALIKES = str.maketrans("OILQSBZU", "0110582V")
"""Letters outside the code's alphabet, read as the symbol that they are mistaken for."""


def codes_in(memo: str, prefix: str = DEFAULT_PREFIX) -> list[str]:
    """List the distinct codes in ``memo``, in order of appearance; ``[]`` if there is none.

    Reads the squashed text (no accents, case, blanks, dots or line wraps) behind every place
    where ``prefix`` stands, also inside a word, and takes what has the right check symbols.
    Look-alikes (O for 0, S for 5, ...) are folded behind the prefix, never in it.

    >>> codes_in("MBVCB.3278907687.hpx vhkr9 p0o jtm.CT tu 0123")
    ['HPXVHKR9P00JTM']
    """
    text = squash(memo)
    codes: dict[str, None] = {}
    at = text.find(prefix)
    while at >= 0:
        body = text[at + len(prefix) : at + len(prefix) + BODY_LENGTH].translate(_LOOK_ALIKES)
        if is_code(prefix + body, prefix):
            codes[prefix + body] = None
        at = text.find(prefix, at + 1)
    return list(codes)
