"""An authenticator app and the clock that codes are made by."""

from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth

from accounts.models import User

STEP = 30  # s


class App:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_800_000_000
        self.secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
        monkeypatch.setattr(auth, "time", SimpleNamespace(time=lambda: self.now))

    def switch_on(self, user: User) -> None:
        auth.TOTP.activate(user, self.secret)
        self.recovery_codes: list[str] = RecoveryCodes.activate(user).generate_codes()

    def code(self, steps: int = 0) -> str:
        """What the app shows now, or so many steps away."""
        return str(auth.format_hotp_value(auth.hotp_value(self.secret, self.now // STEP + steps)))

    def next_code(self) -> str:
        self.now += STEP
        return self.code()

    def wrong_code(self) -> str:
        """Of no step that is near."""
        near = {self.code(steps) for steps in (-1, 0, 1)}
        return next(code for code in ("000000", "000001", "000002", "000003") if code not in near)


def stored(user: User) -> Authenticator:
    return Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
