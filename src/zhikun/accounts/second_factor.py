"""One-time codes (RFC 6238: SHA-1, 30 seconds, 6 digits, as every authenticator understands them) and recovery codes."""

from __future__ import annotations

import re
import secrets
import unicodedata
from datetime import datetime
from hmac import compare_digest

import pyotp
import segno
from django.conf import settings

from zhikun.accounts.models import Officer
from zhikun.accounts.services.passwords import LETTERS

STEP_SECONDS = 30
RECOVERY_CODES = 10
_CODE = re.compile(r"[0-9]{6}")


def new_secret() -> str:
    """160 random bits in base 32."""
    return pyotp.random_base32()


def step_of(secret: str, code: str, at: datetime, after: int) -> int | None:
    """The step to which the code belongs: this one, the one before or the next, if it comes after the last one taken."""
    now = int(at.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    digits = "".join(_typed(code).split())
    if not _CODE.fullmatch(digits):
        return None
    for step in (now, now - 1, now + 1):
        if compare_digest(totp.generate_otp(step), digits) and step > after:
            return step
    return None


def address(officer: Officer, secret: str) -> str:
    """What the authenticator reads from the picture: otpauth://totp/..."""
    return pyotp.TOTP(secret).provisioning_uri(name=officer.username, issuer_name=settings.ZHIKUN_NAME)


def picture(text: str) -> str:
    """The text as a QR code, as the address of a picture (data:image/svg+xml) without any inline style."""
    return segno.make(text, error="m", micro=False).svg_data_uri(scale=5, border=3, xmldecl=False)


def grouped(secret: str) -> str:
    """The secret in groups of four, for typing."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def recovery_code() -> str:
    """Such as kq4m-x7wd-9hps: 12 of 31 letters, 59 bits."""
    letters = "".join(secrets.choice(LETTERS) for _unused in range(12))
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def plain_recovery(text: str) -> str | None:
    """A recovery code as it was given out, however it was typed; None for what cannot be one."""
    letters = re.sub(r"[\s-]", "", _typed(text)).lower()
    if len(letters) != 12 or any(letter not in LETTERS for letter in letters):
        return None
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def _typed(text: str) -> str:
    """As it was meant: a Chinese keyboard gives digits and letters of double width."""
    return unicodedata.normalize("NFKC", text)
