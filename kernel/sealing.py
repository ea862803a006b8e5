"""Secrets at rest: sealed with a key outside the database, opened only where they are used."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from kernel.errors import Unavailable


class SealBroken(Unavailable):
    """A sealed secret does not open with the keys at hand."""

    code = "seal_broken"


def _fernet(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"hocphi seal" + key).digest()))


def seal(secret: bytes, *keys: bytes) -> bytes:
    """Seal ``secret`` with the first of ``keys``."""
    return MultiFernet([_fernet(key) for key in keys]).encrypt(secret)


def unseal(sealed: bytes, *keys: bytes) -> bytes:
    """Open ``sealed`` with any of ``keys``; raises SealBroken."""
    try:
        return MultiFernet([_fernet(key) for key in keys]).decrypt(sealed)
    except InvalidToken as cause:
        raise SealBroken("a sealed secret does not open: HOCPHI_SEAL_KEY has changed") from cause
