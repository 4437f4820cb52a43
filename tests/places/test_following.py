"""A code became another: households, offices, officers, rounds and the record of before follow, and nobody's reach grows."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.officers import signed_in
from tests.places.files import CHANGES, written
from tests.surveys import factory
from tests.surveys.test_visits import handed_in

from zhikun.accounts.models import Appointment, Officer, Organisation
from zhikun.accounts.roles import Role
from zhikun.audit.models import Entry
from zhikun.identity.pinyin import as_query
from zhikun.places.errors import NoSuccessor, NotAllowed
from zhikun.places.models import Area, AreaChange, Level
from zhikun.places.selectors import successor
from zhikun.places.services import areas
from zhikun.places.uses import uses
from zhikun.registry.models import Household, ImportBatch, NameKey
from zhikun.registry.selectors.on_day import file_on
from zhikun.registry.selectors.search import Wanted, find, scope
from zhikun.surveys.models import Assignment
from zhikun.surveys.services import visits
from zhikun.tables import Severity

pytestmark = pytest.mark.django_db
OLD, NEW = factories.VILLAGE, 640402103299
ON = date(2026, 11, 10)
AREAS = f"code,name\n{NEW},示例新村\n"


def bring(tmp_path, *rows, new=AREAS, **more):
    changes = CHANGES + "".join(f"{row}\n" for row in rows)
    return areas.import_areas(
        written(tmp_path, new) if new else None,
        written(tmp_path, changes, "变更.csv") if rows else None,
        **{"acting_officer": None, **more},
    )


def recoded(old=OLD, new=NEW, kind="变更代码", on=ON):
    return f"{old},示例一村,{new},{kind},{on},原政发〔2026〕9号"


def again(officer):
    """The officer as a new request has them."""
    return Officer.objects.get(pk=officer.pk)


def said(plan, severity=Severity.WARNING):
    return [one.problem() for one in plan.messages if one.severity is severity]


def test_households_of_a_code_that_changed_are_in_scope_and_found_under_the_new_one(tmp_path):
    made = factories.household(n=1)
    helper, clerk = factories.officer(Role.VILLAGE_ASSISTANT), factories.officer(Role.TOWNSHIP_CLERK)
    plan = bring(tmp_path, recoded())
    assert plan.faults == 0
    assert "640402103200 下的" in said(plan)[-1]
    made.refresh_from_db()
    assert (made.area_id, made.version) == (NEW, 2)
    for officer in (again(helper), again(clerk)):
        assert list(Household.objects.visible_to(officer)) == [made]
        assert [hit.household for hit in find(officer, Wanted(scope(officer), as_query("马试一"))).hits] == [made]
    assert set(NameKey.objects.values_list("area", flat=True)) == {NEW}
    assert uses([OLD]) == {}


def test_the_file_keeps_its_history_and_says_where_it_was_before(tmp_path):
    made = factories.household(n=1)
    bring(tmp_path, recoded())
    before, after = file_on(made, ON - timedelta(days=1)), file_on(made, ON)
    assert (before.area.pk, after.area.pk) == (OLD, NEW)
    assert before.residence.address == after.residence.address == "示例路1号"
    event = made.events.get(kind="moved")
    assert (event.on, event.reason) == (ON, "原政发〔2026〕9号")
    assert event.details == {"left": OLD, "to": NEW, "recoded": True}
    answer = signed_in(factories.officer(Role.TOWNSHIP_CLERK)).get(reverse("registry:timeline", args=[made.pk]))
    assert "区划代码变更，未搬家" in answer.content.decode()
    entry = Entry.objects.get(event="registry.household_changed")
    assert (entry.area, entry.details) == (NEW, {"kind": "recoded", "households": 1})


def test_a_home_that_began_after_the_change_has_the_new_code_alone(tmp_path):
    made = factories.household(n=1)
    bring(tmp_path, recoded(on=factories.DAY - timedelta(days=400)))
    assert made.residences.get().area_id == NEW


def test_rounds_teams_and_visits_go_on_at_the_new_code(tmp_path):
    assignment = factory.assigned()
    answers = factory.to_start_from(assignment.household)
    visit = handed_in(assignment, answers={**answers, "h_place": str(OLD)})
    second = factory.assigned(n=5, round_=assignment.round, team=assignment.team)
    bring(tmp_path, recoded())
    assert set(Assignment.objects.values_list("area_id", flat=True)) == {NEW}
    assert list(Assignment.objects.to_fill(again(factory.surveyor()))) == [second]
    visits.accept(visit, acting_officer=factory.reviewer())
    assert Assignment.objects.get(pk=assignment.pk).state == Assignment.State.ACCEPTED


def test_a_dry_run_says_how_many_and_moves_nothing_and_twice_is_once(tmp_path):
    made = factories.household(n=1)
    plan = bring(tmp_path, recoded(), dry_run=True)
    assert plan.followed == {OLD: 2}  # the household and its home
    assert Household.objects.get(pk=made.pk).area_id == OLD
    assert bring(tmp_path, recoded()).followed == {OLD: 2}
    assert bring(tmp_path, recoded()).does_nothing
    assert Entry.objects.get(event="places.areas_imported").details["followed"] == 2


def test_in_a_merger_households_follow_and_nobodys_reach_grows(tmp_path):
    made, other = factories.household(n=1), factories.household(OLD + 1, n=2)
    helper = factories.officer(Role.VILLAGE_ASSISTANT)
    plan = bring(tmp_path, recoded(new=OLD + 1, kind="撤并"), new="")
    assert "的 1 个任职不改到 640402103201：那里还包括别的地方" in said(plan)[-1]
    assert set(Household.objects.filter(area=OLD + 1)) == {made, other}
    assert not Household.objects.visible_to(again(helper)).exists()
    assert list(Household.objects.visible_to(factories.officer(Role.TOWNSHIP_CLERK)).order_by("number"))
    assert Organisation.objects.get(pk=helper.organisation_id).area_id == OLD + 1
    assert bring(tmp_path, recoded(new=OLD + 1, kind="撤并"), new="").does_nothing


def test_nobodys_reach_grows_where_a_merger_is_called_a_change_of_code(tmp_path):
    factories.household(n=1)
    other = factories.household(OLD + 1, n=2)
    helper = factories.officer(Role.VILLAGE_ASSISTANT)
    bring(tmp_path, recoded(new=OLD + 1), new="")
    assert not Household.objects.visible_to(again(helper)).exists()
    assert Appointment.objects.get(officer=helper).area_id == OLD
    assert other.area_id == OLD + 1


def test_what_was_split_off_takes_nobody_along(tmp_path):
    made = factories.household(n=1)
    assert bring(tmp_path, recoded(kind="析出")).followed == {}
    assert Household.objects.get(pk=made.pk).area_id == OLD


def test_a_whole_township_and_a_chain_of_changes(tmp_path):
    made = factories.household(n=1)
    reviewer = factories.officer(Role.TOWNSHIP_REVIEWER)
    new = "code,name\n640402180,官厅街道\n640402180001,示例一社区\n640402180002,示例二社区\n"
    plan = bring(
        tmp_path,
        recoded(OLD, NEW, on=ON - timedelta(days=5)),
        recoded(NEW, 640402180001),
        recoded(OLD + 1, 640402180002),
        recoded(factories.TOWNSHIP, 640402180000),
        new=new + f"{NEW},示例新村\n",
    )
    assert plan.faults == 1  # the village between was never in force: it is to be ended in the file too
    plan = bring(
        tmp_path,
        recoded(OLD, NEW, on=ON - timedelta(days=5)),
        recoded(NEW, 640402180001),
        recoded(OLD + 1, 640402180002),
        recoded(factories.TOWNSHIP, 640402180000),
        new=new.replace("name\n", "name,valid_until\n") + f"{NEW},示例新村,{ON}\n",
    )
    assert said(plan, Severity.ERROR) == []
    assert Household.objects.get(pk=made.pk).area_id == 640402180001
    assert list(Household.objects.visible_to(again(reviewer))) == [made]


def test_a_code_of_another_level_takes_nobody_over(tmp_path):
    made = factories.household(n=1)
    plan = bring(tmp_path, recoded(new=factories.OTHER_TOWNSHIP), new="")
    assert "级别不同" in said(plan, Severity.ERROR)[0]
    assert Household.objects.get(pk=made.pk).area_id == OLD


def left_behind():
    """As an earlier import left it: the code ended, the household still there."""
    made = factories.household(n=1)
    new = Area.objects.create(code=NEW, name="示例新村", level=Level.VILLAGE, parent_id=factories.TOWNSHIP)
    AreaChange.objects.create(old=OLD, old_name="示例一村", new=new, kind="recoded", on=ON, source="文件")
    Area.objects.filter(pk=OLD).update(valid_until=ON)
    return made


def test_who_was_left_behind_by_an_earlier_import_follows_from_the_page_of_the_old_code():
    made = left_behind()
    page = signed_in(factories.officer(Role.ADMINISTRATOR))
    text = page.get(reverse("places:tree"), {"at": OLD}).content.decode()
    assert "还有 2 条家庭、机构、调查等记录留在这个停用的代码下" in text  # the household and its home
    answer = page.post(reverse("places:follow", args=[OLD]), follow=True)
    assert "已把 2 条记录改到现代码" in answer.content.decode()
    assert "改到现代码</button>" not in answer.content.decode()
    assert Household.objects.get(pk=made.pk).area_id == NEW
    assert Entry.objects.get(event="places.area_followed").details == {"old": OLD, "into": NEW, "rows": 2}


def test_the_same_file_again_takes_along_who_was_left_behind(tmp_path):
    made = left_behind()
    bring(tmp_path, f"{OLD},示例一村,{NEW},变更代码,{ON},文件", new="")
    assert Household.objects.get(pk=made.pk).area_id == NEW


def test_only_who_keeps_both_areas_moves_them():
    left_behind()
    client = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    assert "改到现代码</button>" not in client.get(reverse("places:tree"), {"at": OLD}).content.decode()
    assert client.post(reverse("places:follow", args=[OLD])).status_code == 404
    elsewhere = factories.officer(Role.ADMINISTRATOR, factories.OTHER_COUNTY)
    assert signed_in(elsewhere).post(reverse("places:follow", args=[OLD])).status_code == 404
    with pytest.raises(NotAllowed):
        areas.follow(OLD, acting_officer=elsewhere)


def test_a_code_in_force_is_not_emptied():
    factories.household(n=1)
    assert successor(OLD, timezone.localdate()) is None
    with pytest.raises(NoSuccessor):
        areas.follow(OLD, acting_officer=None)


def test_the_record_of_before_is_read_on_under_the_new_code(tmp_path):
    factories.household(n=1)
    auditor = factories.officer(Role.AUDITOR)
    theirs = set(Entry.objects.visible_to(auditor).filter(area=OLD))
    assert theirs
    chain = [
        recoded(factories.COUNTY, 640409000000), recoded(factories.TOWNSHIP, 640409103000), recoded(OLD, 640409103200),
        recoded(factories.OTHER_TOWNSHIP, 640409104000), recoded(OLD + 1, 640409103201),
        recoded(factories.OTHER_VILLAGE, 640409104200),
    ]  # fmt: skip
    codes = ["640409", "640409103", "640409104", "640409103200", "640409103201", "640409104200"]
    plan = bring(tmp_path, *chain, new="code,name\n" + "".join(f"{code},示例{code}\n" for code in codes))
    assert plan.faults == 0
    assert again(auditor).reach("audit.view")[0].first == 640409000000
    assert theirs <= set(Entry.objects.visible_to(again(auditor)))
    far = factories.officer(Role.AUDITOR, factories.OTHER_COUNTY)
    assert not theirs & set(Entry.objects.visible_to(far))


def test_imports_of_the_old_code_are_seen_on_and_one_file_stands_once_for_the_new_one(tmp_path):
    clerk = factories.officer(Role.TOWNSHIP_CLERK)

    def batch(area, sha):
        return ImportBatch.objects.create(
            file_name="a.xlsx",
            sha256=sha,
            size=1,
            pack="yuanzhou",
            area=area,
            observed_on=factories.DAY,
            uploaded_by=clerk,
        )

    first, second = batch(OLD, "1" * 64), batch(OLD, "2" * 64)
    batch(OLD + 1, "2" * 64)
    bring(tmp_path, recoded(new=OLD + 1, kind="撤并"), new="")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.area, second.area) == (OLD + 1, OLD)
