"""Explanations as trees, charts that leave out what is unknown, forms tied together, icons that exist."""

import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template import Context, Template
from django.template.loader import render_to_string

from zhikun.pages import explanation, style
from zhikun.pages.forms import UploadField
from zhikun.pages.parts import Axis, Confirm, Progress, Radar, Step
from zhikun.pages.steps import as_html

SOURCE = Path(__file__).resolve().parents[2] / "src" / "zhikun"
ICONS = set((SOURCE.parents[1] / "tools" / "frontend" / "icons.txt").read_text(encoding="utf-8").split())


def test_a_result_opens_into_what_it_rests_on_down_to_who_said_so():
    grant, housing = explanation.tree(style.EXPLANATION, origins={"income": "入户调查，2026-10-09"})
    assert [child.id for child in grant.children] == ["standard", "per_head", "members"]
    income = grant.children[1].children[0]
    assert (income.id, income.origin) == ("income", "入户调查，2026-10-09")
    assert housing.undetermined


def test_what_several_results_rest_on_is_told_once_and_referred_to_after():
    data = {
        "targets": [{"name": "a"}, {"name": "b"}],
        "steps": [
            style._told("x", "甲", "1"),
            style._told("shared", "乙", "2", inputs=["x"]),
            style._told("a", "丙", "3", inputs=["shared"]),
            style._told("b", "丁", "4", inputs=["shared"]),
        ],
    }
    first, second = explanation.tree(data)
    assert first.children[0].children
    assert second.children[0].told_above
    assert not second.children[0].children


def test_members_are_told_apart():
    data = {
        "targets": [{"name": "a"}],
        "steps": [
            style._told("income", "收入", "5", row=2, on="member") | {"id": "member.income.2"},
            style._told("a", "合计", "5", inputs=["member.income"]),
        ],
    }
    assert explanation.tree(data)[0].children[0].title == "收入（第 2 人）"
    assert explanation.tree(data, whom={("member", 2): "李*"})[0].children[0].title == "收入（李*）"


def test_an_unknown_direction_is_named_and_not_drawn_at_zero():
    chart = Radar("得分", [Axis("疾病", 3, 5), Axis("残疾", 0, 5), Axis("教育", 1, 5), Axis("住房", None, 5)])
    assert [axis["name"] for axis in chart.data["axes"]] == ["疾病", "残疾", "教育"]
    text = render_to_string("components/radar.html", {"chart": chart})
    assert "图中没有画出：住房" in text
    assert "未知" in text.split("<tbody>")[1]


def test_a_chart_with_too_little_known_is_a_table_alone():
    chart = Radar("得分", [Axis("疾病", 3, 5), Axis("残疾", None, 5), Axis("教育", None, 5)])
    text = render_to_string("components/radar.html", {"chart": chart})
    assert "data-chart " not in text
    assert "<tbody>" in text


def test_chart_data_cannot_break_out_of_its_script():
    chart = Radar("</script><script>", [Axis(f"<{n}>", 1, 5) for n in range(3)])
    text = render_to_string("components/radar.html", {"chart": chart})
    assert text.count("</script>") == 1


class Person(forms.Form):
    name = forms.CharField(label="姓名", help_text="与身份证一致。")
    paper = UploadField(label="证件", kinds=("jpg", "pdf"), most_megabytes=1)


def test_help_and_errors_are_tied_to_their_field():
    text = str(Person({"name": ""}))
    described = re.search(r'id="id_name"[^>]*|<input[^>]*name="name"[^>]*', text)[0]
    assert 'aria-describedby="id_name_helptext id_name_error"' in described
    assert 'aria-invalid="true"' in described
    assert 'id="id_name_helptext"' in text
    assert 'id="id_name_error"' in text
    assert '<label for="id_name">' in text


@pytest.mark.parametrize(
    ("name", "size", "fault"),
    [
        ("a.jpg", 1024 * 1024, ""),
        ("A.JPG", 1, ""),
        ("a.jpg", 1024 * 1024 + 1, "超过了 1 MB"),
        ("a.exe", 1, "不能上传这种文件"),
        ("jpg", 1, "不能上传这种文件"),
        ("a.jpg.exe", 1, "不能上传这种文件"),
    ],
)
def test_uploads_are_checked_by_name_and_size(name, size, fault):
    form = Person({"name": "x"}, {"paper": SimpleUploadedFile(name, b"x" * size)})
    assert form.is_valid() is (not fault)
    assert fault in str(form.errors.get("paper", ""))


def test_a_question_is_answered_by_a_form_with_a_token():
    question = Confirm("删除", "删除？", "/x/", fields={"version": '"3'})
    text = Template("{% load pages %}{% confirm question %}").render(
        Context({"question": question, "csrf_token": "t0"})
    )
    assert '<form class="zk-confirm-box" method="post" action="/x/">' in text
    assert 'value="t0"' in text
    assert 'name="version" value="&quot;3"' in text


def test_a_job_asks_again_and_has_a_link_for_those_without_scripts():
    running = render_to_string("components/progress.html", {"job": Progress("导入", "running", "/job/1/", 3, 10)})
    assert 'hx-trigger="every 2s"' in running
    assert 'href="/job/1/"' in running
    assert "style=" not in running
    done = render_to_string("components/progress.html", {"job": Progress("导入", "done", "/job/1/", 10, 10)})
    assert "hx-" not in done
    assert "10" in done
    done = Progress("评估", "done", "/job/1/", 14409, 14409, "评估 4,803 户")
    told = render_to_string("components/progress.html", {"job": done})
    assert "评估 4,803 户" in told
    assert "14,409" not in told, "steps are no households"


def test_every_icon_that_is_named_is_in_the_sprite():
    """A wrong name draws nothing, and nobody sees that something is missing."""
    named = {}
    for path in sorted(SOURCE.rglob("*.html")):
        for name in re.findall(r"\{% icon \"([^\"]+)\"", path.read_text(encoding="utf-8")):
            named.setdefault(name, path)
    for path in sorted(SOURCE.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for keyword in getattr(call, "keywords", []):
                if keyword.arg == "icon" and isinstance(keyword.value, ast.Constant):
                    named.setdefault(keyword.value.value, path)
    from zhikun.pages.formats import TONES

    named |= dict.fromkeys(TONES.values(), SOURCE)
    assert named.keys() <= ICONS, {name: str(path) for name, path in named.items() if name not in ICONS}


def test_an_explanation_of_the_engine_becomes_a_tree_that_tells_every_step():
    """The file is what the engine writes (tests/documents checks it against the schema)."""
    data = json.loads((SOURCE.parents[1] / "tests/documents/explanation.json").read_text(encoding="utf-8"))
    told = set()

    def walk(step):
        told.add(step.id)
        for child in step.children:
            walk(child)

    steps = explanation.tree(data)
    for step in steps:
        walk(step)
    targets = [target["title"] for target in data["targets"]]
    assert [step.title for step in steps][: len(targets)] == targets
    assert told == {step["id"] for step in data["steps"]}
    text = as_html(steps, opened=True)
    assert text.count("<details") == text.count("</details>") >= len(told)


def test_a_step_says_all_that_is_known_of_it_and_what_officers_typed_is_no_markup():
    below = Step("工资", "<b>1</b>", id="wage", origin="入户调查 <i>", question="每月多少？", ask_url="/a?b=1&c=2")
    top = Step(
        "人均收入", "尚不能确定", id="income", undetermined=True, unit="元/年", formula="a < b", filled="1 < 2", sample=True,
        rounding="保留两位", reference="第六条", reason="缺一项", children=(below, replace(below, again=True, told_above=True)),
    )  # fmt: skip
    text = as_html([top], opened=True)
    assert text.count("<details open>") == 1
    for words in (
        "算式",
        "代入",
        "取整",
        "说明",
        "依据",
        "来源",
        "要问",
        "a &lt; b",
        "1 &lt; 2",
        "第六条",
        "示例参数，须由本地填报",
    ):
        assert words in text
    assert "&lt;b&gt;1&lt;/b&gt;" in text
    assert "<b>1" not in text
    assert "入户调查 &lt;i&gt;" in text
    assert 'href="/a?b=1&amp;c=2"' in text
    assert text.count('id="step-wage"') == 1, "what is told again has no anchor of its own"
    assert '<a href="#step-wage">算法见上文同名一项。</a>' in text
    assert "尚不能确定 元" not in text, "what is not known has no unit"


class Begun(forms.Form):
    on = forms.DateField(label="发生日期")
    why = forms.ChoiceField(label="原因", choices=[("", "请选择"), ("a", "甲")])
    reason = forms.CharField(label="理由", required=False, error_messages={"required": "另有说法。"})


def test_an_error_names_its_field_and_shows_how_a_day_is_written():
    drawn = str(Begun({"on": "昨天", "why": ""}))
    assert "“发生日期”不是一个日期。请按“年-月-日”填写，如 2026-11-02。" in drawn
    assert "请选择“原因”，不能空着。" in drawn
    assert 'id="id_on_error"' in drawn, "a screen reader finds the error of the field by its id"
    assert "必填项" not in drawn
    assert "有效的日期" not in drawn


def test_an_error_with_words_of_its_own_keeps_them():
    form = Begun({"on": "2026-11-02", "why": "a"})
    form.fields["reason"].required = True
    form.add_error("on", "情况日期在今天之后。")
    drawn = str(form)
    assert "另有说法。" in drawn
    assert "情况日期在今天之后。" in drawn
