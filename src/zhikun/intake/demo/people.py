"""The members of a generated household, and names and identity numbers that belong to nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from zhikun.identity import with_check_character
from zhikun.identity.numbers import completed_years
from zhikun.intake.demo.dice import Dice

SURVEY_DAY = date(2023, 11, 30)
# On every day between these the table holds: no birthday in between moves a household to another level.
STABLE_FROM = date(2023, 1, 1)
STABLE_UNTIL = date(2026, 12, 31)
# 990101 is no place of GB/T 2260: whoever meets such a number knows that the person was generated.
REGION = "990101"
_AGE_EDGES = (16, 50, 60, 70, 80)

SURNAMES = (
    "马王李张杨刘陈赵黄周吴徐孙朱胡高林何郭罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘"
    "杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文海虎禹拜安"
)
MALE = ("国强", "建军", "志明", "永福", "学文", "玉山", "海龙", "文斌", "彦虎", "成龙", "小军", "万福", "占林", "世杰", "生贵", "正清",
         "伟", "强", "军", "涛", "鹏", "浩", "明", "斌", "杰", "龙", "晓东", "志刚", "进财", "有才", "德福", "怀仁")  # fmt: skip
FEMALE = ("秀英", "桂兰", "玉梅", "淑珍", "凤英", "小红", "秀兰", "彩霞", "改花", "金花", "春梅", "玉兰", "海燕", "丽娟", "晓燕", "婷婷",
           "芳", "娟", "霞", "静", "丽", "燕", "梅", "兰", "雪", "慧", "巧玲", "月英", "桂芳", "银花", "翠萍", "红梅")  # fmt: skip
YOUNG_MALE = (
    "浩然",
    "子轩",
    "宇航",
    "俊杰",
    "博文",
    "嘉豪",
    "思远",
    "天佑",
    "子涵",
    "一鸣",
    "旭",
    "睿",
    "昊",
    "泽宇",
    "佳乐",
    "文博",
)
YOUNG_FEMALE = (
    "欣怡",
    "雨萱",
    "梓涵",
    "思雨",
    "佳怡",
    "诗琪",
    "若曦",
    "梦瑶",
    "可馨",
    "雅静",
    "悦",
    "萌",
    "琪",
    "怡然",
    "佳慧",
    "雨桐",
)


@dataclass(slots=True, eq=False)  # twins are two people
class Person:
    """One member, as the survey would find him or her. Ages are completed years on SURVEY_DAY; money in 元/年."""

    age: int
    sex: str
    relation: str
    schooling: str = "none"
    health: str = "healthy"
    disability_class: str = "none"
    disability_grade: str = "none"
    self_care_failed: int = 0
    occupation: str = "none"
    skill_level: str = "none"
    idle_months: int = 0
    wage: int = 0
    pension: int = 0
    on_dibao: bool = False
    subsidies: list[str] = field(default_factory=list)
    name: str = ""
    id_number: str = ""
    birth_date: date = SURVEY_DAY

    @property
    def ability(self) -> str:
        """Class of labour capacity: full, reduced, minimal or none, as the pack's `work_ability` decides."""
        if self.schooling not in ("none", "dropped_out") or self.self_care_failed >= 4 or self.disability_grade == "g1":
            return "none"
        if self.self_care_failed >= 1 or self.disability_grade == "g2" or self.health == "serious":
            return "minimal"
        if self.disability_grade in ("g3", "g4") or self.health in ("weak", "chronic"):
            return "reduced"
        return "full"

    @property
    def works(self) -> bool:
        """Whether he or she counts on SURVEY_DAY among those who can take work."""
        return self.works_at(self.age)

    def works_at(self, age: int) -> bool:
        return 16 <= age <= 59 and self.ability in ("full", "reduced") and self.occupation != "retired"

    def age_on(self, day: date) -> int:
        """Completed years on a day, by the birth date."""
        return completed_years(self.birth_date, day)


def born(person: Person, dice: Dice) -> date:
    """A birth date that gives the person's age on SURVEY_DAY."""
    latest = date(SURVEY_DAY.year - person.age, SURVEY_DAY.month, SURVEY_DAY.day)
    return latest - timedelta(days=dice.whole(0, 364))


def turning_days(person: Person) -> list[date]:
    """The days on which the person passes an age at which labour or work is judged otherwise."""
    birth = person.birth_date
    return [
        date(birth.year + age, 3, 1) if (birth.month, birth.day) == (2, 29) else birth.replace(year=birth.year + age)
        for age in _AGE_EDGES
    ]


def name(person: Person, surname: str, dice: Dice) -> str:
    young = person.age < 26
    if person.sex == "male":
        return surname + dice.pick(YOUNG_MALE if young else MALE)
    return surname + dice.pick(YOUNG_FEMALE if young else FEMALE)


def surname(dice: Dice) -> str:
    # The first surnames of the list are the commonest; squaring leans towards them.
    return SURNAMES[int(len(SURNAMES) * dice.between(0, 1) ** 2)]


class Numbers:
    """Identity numbers that are well formed, belong to the person's birth day and sex, and are never given twice."""

    def __init__(self) -> None:
        self._given: dict[tuple[date, str], int] = {}

    def give(self, person: Person) -> str:
        key = (person.birth_date, person.sex)
        count = self._given.get(key, 0)
        sequence = 2 * count + (11 if person.sex == "male" else 12)
        if sequence % 100 == 0:  # numbers that end in zeros look as if a spreadsheet had rounded them
            count, sequence = count + 1, sequence + 2
        self._given[key] = count + 1
        return with_check_character(f"{REGION}{person.birth_date:%Y%m%d}{sequence:03d}")
