"""The secret word in a parent's link, made from the payment code and a key. Keeps nothing.

The database holds hashes of tokens only; whoever has the key can make a link again, a stolen
database cannot.
"""

import base64
import hashlib
import hmac

TOKEN_BYTES = 20
"""160 bits: nobody finds a link by trying."""


def token_of(key: bytes, code: str, version: int = 1) -> str:
    """Make the token of a notice's link: 32 of ``a-z2-7``, always the same for key and code.

    A higher ``version`` makes a fresh link when an old one has got into wrong hands.
    """
    message = f"hocphi page {version} {code}".encode()
    digest = hmac.digest(key, message, hashlib.sha256)[:TOKEN_BYTES]
    return base64.b32encode(digest).decode("ascii").lower()


def token_hash(token: str) -> bytes:
    """Hash a token (SHA-256) as ``page_token`` keeps it; takes any text, also what is no token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
