"""Who has lost both app and recovery codes is helped by an operator, who learns no secret."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command

from accounts import second_factor
from accounts.models import User
from accounts.tests.authenticator import stored
from accounts.tests.conftest import PASSWORD

USERS = "/admin/accounts/user/"


@pytest.fixture
def operator(pages, db):
    pages.force_login(User.objects.create_superuser("operator@example.org", PASSWORD))
    return pages


def test_an_operator_removes_it_and_that_is_on_record(operator, app, alice, bob):
    form = {"action": "remove_second_factor", "_selected_action": [str(alice.pk), str(bob.pk)]}
    answer = operator.post(USERS, form, follow=True)
    assert "The second factor of 1 accounts is removed." in answer.content.decode()
    assert not second_factor.is_on(alice)
    (entry,) = LogEntry.objects.all()
    assert (entry.object_id, entry.user.email) == (str(alice.pk), "operator@example.org")
    assert "second factor" in entry.get_change_message()


def test_who_may_only_look_removes_nothing(pages, app, alice, bob):
    bob.is_staff = True
    bob.save()
    bob.user_permissions.add(Permission.objects.get(codename="view_user"))
    pages.force_login(bob)
    assert pages.get(USERS).status_code == 200
    pages.post(USERS, {"action": "remove_second_factor", "_selected_action": [str(alice.pk)]})
    assert second_factor.is_on(alice)


def test_no_page_of_the_admin_shows_what_codes_are_made_of(operator, app, alice):
    kept = stored(alice)
    for address in (USERS, f"{USERS}{alice.pk}/change/"):
        page = operator.get(address).content.decode()
        assert app.secret not in page
        assert kept.data["secret"] not in page
    assert operator.get(f"/admin/mfa/authenticator/{kept.pk}/change/").status_code == 404


def test_the_only_operator_helps_himself_at_the_shell(app, alice, capsys):
    call_command("remove_second_factor", "Alice@example.org")
    assert "alice@example.org is removed" in capsys.readouterr().out.lower()
    assert not second_factor.is_on(alice)
    for email in ("alice@example.org", "nobody@example.org"):
        with pytest.raises(CommandError):
            call_command("remove_second_factor", email)
