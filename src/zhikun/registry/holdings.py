"""What the file knows of a household's things where the pack has no questions about them: dwellings, vehicles, accounts,
and supporters who live elsewhere (赡养人).

Classes of property after 《最低生活保障审核确认办法》（民发〔2021〕57号）第 14、17 条. A pack that declares such an entity with
facts of its own adds to them.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

TITLES = {
    "dwelling": _("住房"),
    "vehicle": _("车辆"),
    "account": _("账户"),
    "supporter": _("赡养、抚养、扶养人"),
}

_YES_NO: dict[str, Any] = {"type": "boolean"}

#: entity -> fact -> title, type and limits. `personal` ones live sealed.
HOLDINGS: dict[str, dict[str, dict[str, Any]]] = {
    "dwelling": {
        "kind": {
            "title": _("住房性质"), "type": "choice",
            "choices": {"own": _("自有"), "rented": _("租住"), "public": _("公租房"), "borrowed": _("借住"), "other": _("其他")},
        },
        "area_m2": {"title": _("建筑面积"), "type": "number", "unit": _("平方米"), "decimals": 1, "min": 0, "max": 10000},
        "structure": {
            "title": _("房屋结构"), "type": "choice",
            "choices": {"frame": _("钢混或砖混"), "brick": _("砖木"), "earth": _("土木、土坯"), "cave": _("窑洞"), "other": _("其他")},
        },
        "grade": {
            "title": _("安全等级"), "type": "choice", "choices": {"a": "A", "b": "B", "c": _("C（局部危险）"), "d": _("D（整栋危险）")},
        },
        "lived_in": {"title": _("现住"), **_YES_NO},
        "address": {"title": _("地址"), "type": "text", "personal": True},
    },
    "vehicle": {
        "kind": {
            "title": _("车辆类型"), "type": "choice",
            "choices": {
                "car": _("小型客车"), "truck": _("货车"), "farm": _("农用车、农机"), "motorcycle": _("摩托车"),
                "disabled": _("残疾人专用车"), "other": _("其他"),
            },
        },
        "bought_on": {"title": _("购置日期"), "type": "date"},
        "value": {"title": _("现值"), "type": "number", "unit": _("元"), "min": 0, "max": 100000000},
        "for_living": {"title": _("谋生工具"), **_YES_NO},
        "plate": {"title": _("号牌"), "type": "text", "personal": True},
    },
    "account": {
        "kind": {
            "title": _("账户类型"), "type": "choice",
            "choices": {
                "bank": _("银行存款"), "securities": _("证券"), "fund": _("基金、理财"), "insurance": _("商业保险"),
                "internet": _("互联网金融"), "other": _("其他"),
            },
        },
        "balance": {"title": _("余额"), "type": "number", "unit": _("元"), "min": 0, "max": 1000000000},
        "for_benefit": {"title": _("救助金发放账户"), **_YES_NO},
        "bank": {"title": _("开户机构"), "type": "text"},
        "number": {"title": _("账号"), "type": "text", "personal": True},
        "holder": {"title": _("户名"), "type": "text", "personal": True},
    },
    "supporter": {
        "relation": {"title": _("与老人（子女）的关系"), "type": "text"},
        "people": {"title": _("其家庭人数"), "type": "number", "unit": _("人"), "decimals": 0, "min": 1, "max": 30},
        "income_year": {"title": _("其家庭年收入"), "type": "number", "unit": _("元/年"), "min": 0, "max": 100000000},
        "pays_year": {"title": _("每年实际给付"), "type": "number", "unit": _("元/年"), "min": 0, "max": 10000000},
        "able": {
            "title": _("履行义务的能力"), "type": "choice",
            "choices": {"able": _("有能力"), "partly": _("部分有能力"), "unable": _("无能力")},
        },
        "name": {"title": _("姓名"), "type": "text", "personal": True},
        "id_number": {"title": _("证件号码"), "type": "text", "personal": True},
        "phone": {"title": _("电话"), "type": "text", "personal": True},
        "address": {"title": _("住址"), "type": "text", "personal": True},
    },
}  # fmt: skip
