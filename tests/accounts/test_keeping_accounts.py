"""Who may do what to which account: scope, separation of duties, the last administrator, delegations."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone
from tests.officers import (
    PASSWORD,
    city,
    county,
    officer,
    organisation,
    other_county,
    other_township,
    signed_in,
    township,
    village,
)  # fmt: skip

from zhikun.accounts.errors import (
    AccountRefused,
    AlreadyAppointed,
    LastAdministrator,
    NameTaken,
    NotAsItWas,
    NotForThisOffice,
    NotYourDuty,
    OutOfReach,
    OwnAccount,
    RolesClash,
    StillInUse,
    WrongDates,
)  # fmt: skip
from zhikun.accounts.models import Appointment, Officer, Organisation
from zhikun.accounts.roles import INCOMPATIBLE, Right, Role
from zhikun.accounts.services import accounts, appointments, officers, organisations
from zhikun.audit.models import Entry

pytestmark = pytest.mark.django_db
KIND = Organisation.Kind
REASON = "岗位调整，局务会决定"


@pytest.fixture
def admin():
    return officer(Role.ADMINISTRATOR)


def day(days):
    return timezone.localdate() + timedelta(days=days)


def clerk(*roles, **fields):
    return officer(*roles, where=township(), office=organisation(township(), KIND.TOWNSHIP), **fields)


def give(who, role, acting, where=None, **dates):
    return appointments.give(who, role=role, area=where or township(), acting_officer=acting, **dates)


def fresh(who):
    return Officer.objects.get(pk=who.pk)


def test_a_new_account_begins_with_a_password_that_must_be_changed_and_no_right(admin):
    made, password = officers.add(
        username=" Li.Ming ",
        name="生成人员",
        organisation=organisation(township(), KIND.TOWNSHIP),
        acting_officer=admin,
    )
    assert made.username == "li.ming"
    assert made.check_password(password)
    assert made.must_change_password
    assert not made.roles
    entry = Entry.objects.get()
    assert entry.event == "accounts.officer_added"
    assert password not in str(entry.__dict__)


@pytest.mark.parametrize(
    "name", ["ab", "1zhang", "13912345678", "11010519491231002X", "zhang san", "张三", "", "a" * 41, "x" + "y" * 40]
)
def test_names_of_accounts_that_are_numbers_or_no_names_are_refused(admin, name):
    with pytest.raises(AccountRefused):
        officers.add(username=name, name="甲", organisation=organisation(county()), acting_officer=admin)
    assert Officer.objects.count() == 1


def test_a_name_is_given_once_whatever_its_case(admin):
    add = {"name": "甲", "organisation": organisation(county()), "acting_officer": admin}
    officers.add(username="wang.wu", **add)
    with pytest.raises(NameTaken):
        officers.add(username="WANG.WU", **add)
    with pytest.raises(NameTaken):
        organisations.add(
            code=organisation(county()).code, name="乙", kind=KIND.FIRM, area=county(), acting_officer=admin
        )


def test_another_county_is_out_of_reach_for_every_verb(admin):
    theirs = organisation(other_county())
    stranger = officer(Role.COUNTY_REVIEWER, where=other_county(), office=theirs)
    held = stranger.appointments.get()
    verbs = [
        lambda: officers.add(username="abcde", name="甲", organisation=theirs, acting_officer=admin),
        lambda: officers.edit(stranger, name="乙", organisation=theirs, expires_on=None, acting_officer=admin),
        lambda: officers.close(stranger, reason=REASON, acting_officer=admin),
        lambda: officers.reset_password(stranger, reason=REASON, acting_officer=admin),
        lambda: officers.sign_out_everywhere(stranger, reason=REASON, acting_officer=admin),
        lambda: give(stranger, Role.AUDITOR, admin, other_county()),
        lambda: appointments.end(held, reason=REASON, acting_officer=admin),
        lambda: organisations.edit(theirs, name="丙", line="", acting_officer=admin),
        lambda: organisations.close(theirs, reason=REASON, acting_officer=admin),
        lambda: organisations.add(code="new", name="丁", kind=KIND.FIRM, area=other_county(), acting_officer=admin),
        lambda: give(clerk(), Role.TOWNSHIP_CLERK, admin, other_county()),
    ]
    for verb in verbs:
        with pytest.raises(OutOfReach):
            verb()
    assert not Entry.objects.exists()
    kept = fresh(stranger)
    assert (kept.name, kept.is_active, kept.password) == (stranger.name, True, stranger.password)


def test_an_officer_without_the_right_manages_nothing():
    reviewer = officer(Role.COUNTY_REVIEWER)
    with pytest.raises(OutOfReach):
        officers.reset_password(clerk(), reason=REASON, acting_officer=reviewer)


def test_who_holds_a_wider_area_than_the_administrator_is_not_theirs_to_reset():
    """Whoever sets a password can sign in with it: a county's administrator must not become the city's."""
    admin = officer(Role.ADMINISTRATOR)
    wider = officer(Role.ADMINISTRATOR, where=city(), office=organisation(county()))
    with pytest.raises(OutOfReach):
        officers.reset_password(wider, reason=REASON, acting_officer=admin)


def test_nobody_changes_what_they_may_do_themselves(admin):
    officer(Role.ADMINISTRATOR)
    for verb in (
        lambda: give(admin, Role.ADMINISTRATOR, admin, township()),
        lambda: appointments.end(admin.appointments.get(), reason=REASON, acting_officer=admin),
        lambda: officers.close(admin, reason=REASON, acting_officer=admin),
        lambda: officers.reset_password(admin, reason=REASON, acting_officer=admin),
        lambda: officers.edit(
            admin, name="新", organisation=admin.organisation, expires_on=day(9), acting_officer=admin
        ),
    ):
        with pytest.raises(OwnAccount):
            verb()


def test_every_pair_of_duties_that_must_be_apart_is_kept_apart_by_the_verb(admin):
    """Whoever holds one of the two is refused the other, in both orders, as far as an office can hold both."""
    from zhikun.accounts.services.guards import no_clash

    now = timezone.now()
    for pair in INCOMPATIBLE:
        for first, second in ((pair.one, pair.other), (pair.other, pair.one)):
            who = officer(first)
            with pytest.raises(RolesClash) as refused:
                no_clash(who, second, other_township(), now, None)
            assert str(pair.why) in str(refused.value)


def test_a_clerk_does_not_review_while_clerk_but_may_afterwards(admin):
    who = clerk()
    give(who, Role.TOWNSHIP_CLERK, admin, ends=day(30))
    for dates in ({}, {"begins": day(30)}, {"begins": day(10), "ends": day(20)}):
        with pytest.raises(RolesClash):
            give(who, Role.TOWNSHIP_REVIEWER, admin, **dates)
    give(who, Role.TOWNSHIP_REVIEWER, admin, begins=day(31))
    with pytest.raises(RolesClash):
        give(who, Role.TOWNSHIP_CLERK, admin, begins=day(40)), "a duty that is only to begin counts"
    assert fresh(who).roles == {Role.TOWNSHIP_CLERK}


def test_the_same_role_is_given_once_and_a_role_ends_with_its_day(admin):
    who = clerk()
    held = give(who, Role.TOWNSHIP_CLERK, admin, ends=day(0))
    with pytest.raises(AlreadyAppointed):
        give(who, Role.TOWNSHIP_CLERK, admin)
    assert held.ends == timezone.make_aware(timezone.datetime.combine(day(1), timezone.datetime.min.time()))
    assert held in Appointment.objects.in_force(held.ends - timedelta(seconds=1))
    assert held not in Appointment.objects.in_force(held.ends)


@pytest.mark.parametrize("dates", [{"begins": -1}, {"ends": -1}, {"begins": 5, "ends": 4}])
def test_dates_that_make_no_sense_are_refused(admin, dates):
    with pytest.raises(WrongDates):
        give(clerk(), Role.TOWNSHIP_CLERK, admin, **{name: day(days) for name, days in dates.items()})


@pytest.mark.parametrize(
    ("role", "where", "kind"),
    [
        (Role.COUNTY_APPROVER, township, KIND.BUREAU),
        (Role.TOWNSHIP_CLERK, county, KIND.TOWNSHIP),
        (Role.COUNTY_APPROVER, county, KIND.FIRM),
        (Role.TOWNSHIP_CLERK, other_township, KIND.TOWNSHIP),
        (Role.ADMINISTRATOR, county, KIND.CHARITY),
    ],
)
def test_a_role_suits_the_organisation_its_area_and_its_level(admin, role, where, kind):
    home = township() if kind == KIND.TOWNSHIP else county()
    who = officer(where=home, office=organisation(home, kind))
    with pytest.raises(NotForThisOffice):
        give(who, role, admin, where())


def test_the_last_lasting_administrator_of_an_area_stays(admin):
    other = officer(Role.ADMINISTRATOR)
    for verb in (
        lambda: officers.close(admin, reason=REASON, acting_officer=other),
        lambda: appointments.end(admin.appointments.get(), reason=REASON, acting_officer=other),
        lambda: officers.edit(
            admin, name=admin.name, organisation=admin.organisation, expires_on=day(9), acting_officer=other
        ),
    ):
        Appointment.objects.filter(officer=other).update(ends=timezone.now() + timedelta(days=9))
        with pytest.raises(LastAdministrator):
            verb()
        Appointment.objects.filter(officer=other).update(ends=None)
    officers.close(admin, reason=REASON, acting_officer=other)
    assert not fresh(admin).is_active


def test_the_city_s_administrator_covers_the_county(admin):
    above = officer(Role.ADMINISTRATOR, where=city(), office=organisation(city()))
    officers.close(admin, reason=REASON, acting_officer=above)
    assert not fresh(admin).is_active


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_close_each_other_at_once_do_not_both_succeed():
    one, other = officer(Role.ADMINISTRATOR), officer(Role.ADMINISTRATOR)
    assert one.held, "both have opened the page: their rights are read before either acts"
    assert other.held
    start, outcomes = Barrier(2), []

    def close(who, acting):
        try:
            start.wait()
            officers.close(who, reason=REASON, acting_officer=acting)
            outcomes.append("closed")
        except LastAdministrator:
            outcomes.append("refused")
        finally:
            connection.close()

    both = [Thread(target=close, args=pair) for pair in ((one, other), (other, one))]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(outcomes) == ["closed", "refused"]
    assert Officer.objects.filter(is_active=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_give_clashing_roles_at_once_do_not_both_succeed():
    admins = [officer(Role.ADMINISTRATOR), officer(Role.ADMINISTRATOR)]
    who, start, outcomes = clerk(), Barrier(2), []

    def appoint(role, acting):
        try:
            start.wait()
            give(who, role, acting)
            outcomes.append("given")
        except RolesClash:
            outcomes.append("refused")
        finally:
            connection.close()

    pairs = zip((Role.TOWNSHIP_CLERK, Role.TOWNSHIP_REVIEWER), admins, strict=True)
    both = [Thread(target=appoint, args=pair) for pair in pairs]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(outcomes) == ["given", "refused"]


def test_a_closed_account_loses_sessions_roles_and_what_it_lent_and_comes_back_bare(admin, client):
    lender, borrower = clerk(Role.TOWNSHIP_REVIEWER), clerk()
    lent = appointments.delegate(
        lender.appointments.get(), to=borrower, ends=day(5), reason="外出培训", acting_officer=lender
    )
    signed_in(lender, client)
    officers.close(lender, reason=REASON, acting_officer=admin)
    assert client.get("/me").status_code == 302
    lent.refresh_from_db()
    assert lent.revoked_at is not None
    with pytest.raises(NotAsItWas):
        officers.close(lender, reason=REASON, acting_officer=admin)
    password = officers.reopen(lender, reason=REASON, acting_officer=admin)
    again = fresh(lender)
    assert again.check_password(password)
    assert again.must_change_password
    assert not again.roles


def test_a_reset_password_ends_sessions_lifts_the_lock_and_is_told_nowhere_else(admin, client):
    who = clerk()
    browser = signed_in(who)
    for _unused in range(5):
        client.post("/sign-in", {"username": who.username, "password": "wrong"})
    password = officers.reset_password(who, reason="本人忘记密码", acting_officer=admin)
    assert browser.get("/me").status_code == 302
    assert client.post("/sign-in", {"username": who.username, "password": password}).status_code == 302
    assert client.get("/me")["Location"].startswith("/me/password")
    assert password not in str(list(Entry.objects.values()))


def test_an_organisation_closes_when_its_accounts_are(admin):
    office = organisation(township(), KIND.TOWNSHIP)
    who = clerk()
    with pytest.raises(StillInUse):
        organisations.close(office, reason=REASON, acting_officer=admin)
    officers.close(who, reason=REASON, acting_officer=admin)
    organisations.close(office, reason=REASON, acting_officer=admin)
    with pytest.raises(NotAsItWas):
        officers.add(username="abcde", name="甲", organisation=fresh_office(office), acting_officer=admin)
    organisations.reopen(office, reason=REASON, acting_officer=admin)
    assert fresh_office(office).is_active


def fresh_office(office):
    return Organisation.objects.select_related("area").get(pk=office.pk)


def test_moving_to_another_office_asks_that_the_roles_fit_and_ends_what_was_lent(admin):
    lender, borrower = clerk(Role.TOWNSHIP_REVIEWER), clerk()
    lent = appointments.delegate(
        lender.appointments.get(), to=borrower, ends=day(5), reason="外出培训", acting_officer=lender
    )
    bureau = organisation(county())
    with pytest.raises(NotForThisOffice):
        officers.edit(lender, name=lender.name, organisation=bureau, expires_on=None, acting_officer=admin)
    lent.refresh_from_db()
    assert lent.revoked_at is None, "a refused move changes nothing"
    officers.edit(borrower, name=borrower.name, organisation=bureau, expires_on=None, acting_officer=admin)
    lent.refresh_from_db()
    assert lent.revoked_at is not None


def test_what_was_lent_ends_with_the_account_when_its_last_day_comes_earlier(admin):
    lender, borrower = clerk(Role.TOWNSHIP_REVIEWER), clerk()
    held = lender.appointments.get()
    lent = appointments.delegate(held, to=borrower, ends=day(20), reason="外出培训", acting_officer=lender)
    until = lent.ends
    officers.edit(lender, name=lender.name, organisation=lender.organisation, expires_on=day(5), acting_officer=admin)
    lent.refresh_from_db()
    assert lent.ends < until
    assert timezone.localdate(lent.ends) == day(6), "the last day itself is still a day of work"


def test_saving_an_account_without_a_change_leaves_no_trace(admin):
    who = clerk()
    officers.edit(who, name=f" {who.name} ", organisation=who.organisation, expires_on=None, acting_officer=admin)
    organisations.edit(who.organisation, name=who.organisation.name, line="", acting_officer=admin)
    assert not Entry.objects.exists()


class TestDelegation:
    @pytest.fixture
    def lender(self):
        return clerk(Role.TOWNSHIP_REVIEWER)

    def lend(self, lender, to, ends=7, **more):
        held = more.pop("held", None) or lender.appointments.get()
        return appointments.delegate(held, to=to, ends=day(ends), reason="外出培训", acting_officer=lender)

    def test_a_lent_duty_works_until_it_is_taken_back(self, lender):
        to = clerk()
        lent = self.lend(lender, to)
        assert fresh(to).may(Right.IMPORT_APPROVE, village().code)
        assert fresh(lender).may(Right.IMPORT_APPROVE), "the lender keeps it"
        appointments.take_back(lent, acting_officer=lender)
        assert not fresh(to).may(Right.IMPORT_APPROVE)
        with pytest.raises(NotAsItWas):
            appointments.take_back(lent, acting_officer=lender)

    @pytest.mark.parametrize(("ends", "good"), [(-1, False), (0, True), (90, True), (91, False)])
    def test_it_ends_within_ninety_days(self, lender, ends, good):
        if good:
            assert self.lend(lender, clerk(), ends).ends is not None
        else:
            with pytest.raises(WrongDates):
                self.lend(lender, clerk(), ends)

    def test_it_ends_no_later_than_the_duty_or_the_account(self, lender):
        held = lender.appointments.get()
        Appointment.objects.filter(pk=held.pk).update(ends=timezone.now() + timedelta(days=3))
        with pytest.raises(WrongDates):
            self.lend(lender, clerk(), 7)
        Appointment.objects.filter(pk=held.pk).update(ends=None)
        Officer.objects.filter(pk=lender.pk).update(expires_on=day(3))
        with pytest.raises(WrongDates):
            self.lend(lender, clerk(), 7)

    def test_it_goes_to_an_open_account_of_the_same_office_and_not_to_oneself(self, lender):
        elsewhere = officer(where=other_township(), office=organisation(other_township(), KIND.TOWNSHIP))
        for to in (lender, elsewhere, clerk(is_active=False), clerk(expires_on=day(-1))):
            with pytest.raises(NotYourDuty):
                self.lend(lender, to)

    def test_it_clashes_as_a_role_of_one_s_own_does(self, lender, admin):
        with pytest.raises(RolesClash):
            self.lend(lender, clerk(Role.TOWNSHIP_CLERK))
        to = clerk()
        self.lend(lender, to)
        with pytest.raises(RolesClash) as refused:
            give(to, Role.TOWNSHIP_CLERK, admin)
        assert "受托" in str(refused.value)

    def test_it_is_not_lent_on_nor_lent_by_others(self, lender):
        to, third = clerk(), clerk()
        lent = self.lend(lender, to)
        with pytest.raises(NotYourDuty):
            self.lend(to, third, held=lent)
        with pytest.raises(NotYourDuty):
            self.lend(to, third, held=lender.appointments.get())

    def test_it_ends_with_the_duty(self, lender, admin):
        lent = self.lend(lender, clerk())
        appointments.end(lender.appointments.get(), reason=REASON, acting_officer=admin)
        lent.refresh_from_db()
        assert lent.revoked_at is not None


def test_the_first_administrator_comes_by_command_and_only_the_first():
    made, password = accounts.create_first_administrator(username="admin1", name="生成管理员", area=county())
    assert fresh(made).may(Right.ACCOUNT_MANAGE, village().code)
    assert made.check_password(password)
    assert made.must_change_password
    with pytest.raises(NotAsItWas):
        accounts.create_first_administrator(username="admin2", name="第二位", area=township())


def test_the_demo_has_an_account_for_every_role_marked_as_generated_and_a_second_run_changes_passwords(client):
    import pyotp

    areas = [village(), township(), county(), city(), city().parent]
    made = accounts.demo_accounts(areas)
    assert {one.role for one in made} == set(Role)
    assert Officer.objects.filter(generated=True).count() == len(Role)
    again = {one.role: one for one in accounts.demo_accounts(areas, password=PASSWORD)}
    assert Appointment.objects.count() == len(Role), "nothing twice"
    clerk, approver = again[Role.TOWNSHIP_CLERK], again[Role.COUNTY_APPROVER]
    client.post("/sign-in", {"username": clerk.username, "password": PASSWORD})
    assert client.get("/me").status_code == 200
    client.logout()
    assert client.post("/sign-in", {"username": approver.username, "password": PASSWORD})["Location"] == "/sign-in/code"
    client.post("/sign-in/code", {"code": pyotp.TOTP(approver.secret).now()})
    assert client.get("/me").status_code == 200
