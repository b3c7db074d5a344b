"""What changes accounts. Refusals are Django ValidationErrors that name the field."""

from allauth.account.models import EmailAddress
from allauth.account.utils import filter_users_by_email
from django.contrib.auth import authenticate, user_logged_in
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from accounts import second_factor
from accounts.models import User


class WrongCredentials(Exception):
    """No such account, a wrong password or a closed account: the caller must not learn which."""


def register(*, email: str, password: str) -> User:
    email = email.lower()
    errors: dict[str, ValidationError] = {}
    if filter_users_by_email(email):
        errors["email"] = _taken()
    try:
        validate_password(password, User(email=email))
    except ValidationError as refusal:
        errors["password"] = refusal
    if errors:
        raise ValidationError(errors)
    user = User(email=email)
    user.set_password(password)  # slow: before the transaction
    try:
        with transaction.atomic():
            user.save()
            EmailAddress.objects.create(user=user, email=email, primary=True, verified=False)
    except IntegrityError:
        # Two registered at once; the database let one in.
        raise ValidationError({"email": _taken()}) from None
    return user


def sign_in(*, request: HttpRequest, email: str, password: str, otp: str = "") -> User:
    """The user these credentials open, noted as signed in. Raises WrongCredentials, also when locked out, and
    ValidationError about `otp` where the account has a second factor."""
    user = _check(request, email, password)
    if second_factor.is_on(user):
        _check_code(request, user, otp, signed_in=False)
    # Notes last_login and lets axes forget the failures before.
    user_logged_in.send(sender=User, request=request, user=user)
    return user


def confirm(*, request: HttpRequest, user: User, password: str = "", otp: str = "") -> None:
    """Guards a sensitive action by the password or, where there is a second factor, by a code. What is given is
    checked; failures count towards the lockout as they do at sign-in."""
    has_code = second_factor.is_on(user)
    if password or not has_code:
        _check_password(request, user, password)
    if has_code:
        _check_code(request, user, otp, signed_in=True)


def _check_password(request: HttpRequest, user: User, password: str) -> None:
    if not password:
        raise ValidationError({"password": ValidationError("Give your password.", code="required")})
    try:
        found = _check(request, user.email, password)
    except WrongCredentials:
        found = None
    if found != user:
        raise ValidationError({"password": ValidationError("Wrong password.", code="wrong_password")})


def update_profile(*, user: User, timezone: str | None = None, name: str | None = None) -> User:
    """Changes what is given; None leaves a setting as it is."""
    check_profile(user=user, timezone=timezone, name=name)
    user.save(update_fields=["timezone", "name"])
    return user


def check_profile(*, user: User, timezone: str | None = None, name: str | None = None) -> None:
    """Raises ValidationError as `update_profile` would; `user` is changed in memory alone."""
    user.timezone = timezone or user.timezone
    if name is not None:
        if not name.isprintable():
            raise ValidationError({"name": ValidationError("Use letters that can be shown.", code="invalid")})
        user.name = name.strip()
    user.full_clean(exclude={"password"})


def _check_code(request: HttpRequest, user: User, code: str, *, signed_in: bool) -> None:
    if not code:
        sentence = "This account has a second factor: give a code of its app, or a recovery code."
        raise ValidationError({"otp": ValidationError(sentence, code="otp_required")})
    try:
        second_factor.check(request=request, user=user, code=code, signed_in=signed_in)
    except ValidationError as refusal:
        raise ValidationError({"otp": refusal}) from None


def _check(request: HttpRequest, email: str, password: str) -> User:
    user = authenticate(request, email=email, password=password)
    if user is None:
        raise WrongCredentials
    return user


def _taken() -> ValidationError:
    return ValidationError("An account with this e-mail already exists.", code="email_taken")
