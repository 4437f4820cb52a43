"""A round, a team, an assignment and a whole visit, for tests of surveys. Nobody in it exists."""

import uuid
from datetime import timedelta
from io import BytesIO

from django.utils import timezone
from PIL import Image, ImageDraw
from tests import factories

from zhikun.accounts.roles import Role
from zhikun.places.models import Area
from zhikun.surveys.filed import form_in_force, to_start_from
from zhikun.surveys.models import TeamMember
from zhikun.surveys.services import assigning, rounds
from zhikun.surveys.services.visits import Handed

PART = TeamMember.Part


def today():
    return timezone.localdate()


def surveyor(n=1, township=factories.TOWNSHIP):
    return factories.officer(Role.SURVEYOR, township, f"surveyor{n}-{township}")


def manager(township=factories.TOWNSHIP):
    return factories.officer(Role.TOWNSHIP_CLERK, township)


def reviewer(township=factories.TOWNSHIP):
    return factories.officer(Role.TOWNSHIP_REVIEWER, township)


def a_round(township=factories.TOWNSHIP, by=None, **more):
    by = by or manager(township)
    new = rounds.NewRound(
        "年度大摸排", Area.objects.get(pk=township), today() - timedelta(days=5), today() + timedelta(days=30), **more
    )
    return rounds.open_round(new, acting_officer=by)


def a_team(township=factories.TOWNSHIP, members=None, engagement=None, title="一组"):
    by = manager(township)
    parts = members or {
        surveyor(1, township): PART.TOWNSHIP,
        surveyor(2, township): PART.VILLAGE,
        surveyor(3, township): PART.SOCIAL,
    }
    return rounds.form_team(title, Area.objects.get(pk=township), parts, engagement=engagement, acting_officer=by)


def assigned(household=None, *, township=factories.TOWNSHIP, village=factories.VILLAGE, n=1, round_=None, team=None):
    """An assignment of a household on file."""
    household = household or factories.household(village, n=n)
    round_ = round_ or a_round(township)
    team = team or a_team(township)
    count, unknown = assigning.by_list(round_, team, [household.number], today(), acting_officer=manager(township))
    assert (count, unknown) == (1, [])
    return round_.assignments.get(household=household)


def found(*, township=factories.TOWNSHIP, village=factories.VILLAGE):
    """An assignment of a household that is not on file."""
    round_, team = a_round(township), a_team(township)
    finding = assigning.Finding(uuid.uuid4(), team, Area.objects.get(pk=village), "邻里反映")
    return assigning.found(round_, finding, acting_officer=surveyor(1, township))


def picture(kind="JPEG", size=(640, 480), colour="teal"):
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def signature(strokes=3):
    board = Image.new("RGBA", (300, 150), (0, 0, 0, 0))
    draw = ImageDraw.Draw(board)
    for n in range(strokes):
        draw.line((20, 30 + 20 * n, 260, 40 + 20 * n), fill="black", width=3)
    out = BytesIO()
    board.save(out, "PNG")
    return out.getvalue()


def new_household_answers(n=60, **more):
    """Answers that register a household of two."""
    people = [
        {
            "name": "马试一",
            "relation": "head",
            "id_number": factories.id_number(n),
            "health": "weak",
            "lives_together": True,
        },
        {
            "name": "苏试二",
            "relation": "spouse",
            "id_number": factories.id_number(n + 1, "19700301"),
            "lives_together": True,
        },
    ]
    return {
        "h_place": str(factories.VILLAGE),
        "h_residence": "rural",
        "h_address": "示例路2号",
        "rows_member": people,
        **more,
    }


def handed(assignment, *, answers=None, client=None, signed=None, **more):
    """A visit as a device would hand it in."""
    household = assignment.household
    answers = answers if answers is not None else to_start_from(household) if household else new_household_answers()
    team = [one.officer_id for one in assignment.team.members.order_by("part")]
    return Handed(
        client=client or uuid.uuid4(),
        questionnaire=more.pop("questionnaire", form_in_force().hash),
        answers=answers,
        visited_on=more.pop("visited_on", today()),
        signed=signed if signed is not None else dict.fromkeys(team[:2], signature()),
        present=more.pop("present", "马试一"),
        present_signed=more.pop("present_signed", signature()),
        no_position=more.pop("no_position", "没有信号"),
        **more,
    )
