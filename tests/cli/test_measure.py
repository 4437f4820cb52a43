"""`zhikun measure` as people run it: unknowns in words, tables for both kinds of program, refusals with their code."""

import csv

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

CAUSES = ("education", "housing", "illness", "disability", "disaster", "employment", "skills", "labour", "other")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder as an assessment leaves it: H1 poor, H2 not, H3 open (one score unknown), H4 of unknown size."""
    folder = tmp_path_factory.mktemp("results")
    scores = {name: pa.array([0.0, 0.0, 0.0, 0.0]) for name in CAUSES}
    scores |= {"illness": pa.array([2.0, 1.5, 3.0, 5.0]), "disability": pa.array([2.5, 2.0, None, 5.0])}
    table = pa.table({"household": ["H1", "H2", "H3", "H4"], "member_count": pa.array([4.0, 3.0, 1.0, None]), **scores})
    pq.write_table(table, folder / "results.parquet")
    places = ["640402100201", "640402101201", "640402101202", None]
    pq.write_table(
        pa.table({"household": ["H1", "H2", "H3", "H4"], "place": places}), folder / "facts-household.parquet"
    )
    return folder


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory):
    """60 households whose income falls with their number of people."""
    draw = np.random.default_rng(3)
    size = draw.integers(1, 7, 60).astype(float)
    table = pa.table({
        "household": [f"H{i:02}" for i in range(60)],
        "member_count": pa.array([None if i == 0 else v for i, v in enumerate(size)]),
        "worker_count": draw.integers(0, 3, 60).astype(float),
        "income_per_head": np.exp(7 - 0.3 * size + draw.normal(0, 0.1, 60)),
        "drawn": draw.uniform(1, 3, 60),
    })  # fmt: skip
    path = tmp_path_factory.mktemp("surveyed") / "results.parquet"
    pq.write_table(table, path)
    return path


POVERTY = ("--pack", "yuanzhou", "--at-least", "2", "--cutoff", "2")


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_poverty_says_its_bounds_and_whom_it_could_not_count(zhikun, results, tmp_path):
    answer = zhikun(
        "measure", "poverty", results, *POVERTY, "--population", "家庭人口", "--by", "township", "--out", tmp_path
    )
    assert answer.code == 0, answer.said
    assert "有 1 户的“家庭人口”不清楚，不在下面的任何一个数里" in answer.out
    assert "有 1 户缺一项以上的剥夺，其中 1 户是否贫困定不下来（代表 1）" in answer.out
    assert "贫困发生率 H：50.00% 至 62.50%" in answer.out
    total, first, second, nowhere = rows(tmp_path / "places.csv")
    assert (total["贫困发生率 H（未知按没有）"], total["贫困发生率 H（未知按有）"]) == ("0.5", "0.625")
    assert (first["地区"], first["户数"], first["贫困发生率 H（未知按没有）"]) == ("三营镇", "1", "1")
    assert (second["户数"], second["对 M0 的贡献（未知按有）"]) == ("2", "0.2")
    assert (nowhere["地区"], nowhere["不在数内的户"], nowhere["贫困发生率 H（未知按没有）"]) == (
        "所在地不清楚",
        "1",
        "",
    )
    lines = rows(tmp_path / "dimensions.csv")
    illness = next(line for line in lines if line["剥夺"] == "因病" and line["地区"] == "合计")
    assert (illness["剥夺发生率（未知按没有）"], illness["对 M0 的贡献（未知按没有）"]) == ("0.625", "0.5")


def test_a_line_and_a_weight_of_ones_own(zhikun, results, tmp_path):
    words = (
        "--deprived",
        "因病>=3",
        "--deprived",
        "disability>=2",
        "--weight",
        "因病=1/3",
        "--weight",
        "disability=2/3",
        "--share",
        "2/3",
    )
    answer = zhikun(
        "measure", "poverty", results / "results.parquet", "--pack", "yuanzhou", *words, "--out", tmp_path / "p.xlsx"
    )
    assert answer.code == 0, answer.said
    assert "权数合计 1，达到 2/3 算贫困" in answer.out
    assert "贫困发生率 H：75.00% 至 100.00%" in answer.out, "two thirds are reached by disability alone, exactly"
    assert openpyxl.load_workbook(tmp_path / "p.xlsx").sheetnames == ["总体与各地", "各项剥夺"]


def test_an_own_line_replaces_the_common_one(zhikun, results):
    answer = zhikun("measure", "poverty", results, *POVERTY, "--deprived", "illness>=4")
    assert "9 项剥夺" in answer.out
    assert "因病（≥ 4，权数 1）" in answer.out


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--at-least", "2"], 2, "请写 --cutoff 或 --share 之一"),
        (["--cutoff", "1"], 2, "请写 --at-least（政策包的各致困原因）或 --deprived"),
        ([*POVERTY[2:], "--weight", "illness"], 2, "--weight 要写成 名称=权数"),
        (["--at-least", "2", "--cutoff", "10"], 4, "不超过权数合计 9"),
        (["--at-least", "2", "--cutoff", "两项"], 4, "“两项”不是数；请写 2、0.5 或 1/3"),
        (["--deprived", "ilness>=2", "--cutoff", "1"], 4, "您是不是想写“illness”？"),
        (["--deprived", "illness", "--cutoff", "1"], 4, "“因病”是数字，要写从多少起算剥夺"),
        ([*POVERTY[2:], "--weight", "rent_ratio=2"], 4, "给了权数的 rent_ratio 不在要计量的剥夺里"),
        ([*POVERTY[2:], "--population", "member_cout"], 4, "您是不是想写“member_count”？"),
        (["--deprived", "dropout_for_money", "--cutoff", "1"], 4, "用同一政策包重新评估"),
        ([*POVERTY[2:], "--sample", "village"], 4, "有的户没有抽样单位（村）的代码"),
    ],
)
def test_what_cannot_be_measured_ends_with_its_code(zhikun, results, words, code, text):
    answer = zhikun("measure", "poverty", results, "--pack", "yuanzhou", *words)
    assert answer.code == code, answer.said
    assert text in answer.err


def test_results_that_cannot_be_read_end_with_3(zhikun, tmp_path):
    answer = zhikun("measure", "poverty", tmp_path, *POVERTY)
    assert (answer.code, "找不到" in answer.err) == (3, True)
    (tmp_path / "results.parquet").write_text("not columns")
    answer = zhikun("measure", "poverty", tmp_path, *POVERTY)
    assert (answer.code, "不是完整的 Parquet 文件" in answer.err) == (3, True)


MEANS = ("--pack", "yuanzhou", "--of", "income_per_head", "--fact", "member_count:2,4", "--fact", "worker_count")


def test_a_model_its_errors_and_its_card(zhikun, surveyed, tmp_path):
    out, card = tmp_path / "out", tmp_path / "card.csv"
    answer = zhikun(
        "measure", "means", surveyed, *MEANS, "--weight", "drawn", "--line", "400", "--out", out, "--card", card
    )
    assert answer.code == 0, answer.said
    assert "59 户参加，按调查权数" in answer.out
    assert "没有参加：“家庭人口”不清楚" in answer.out
    assert "推算只作线索" in answer.out
    errors = rows(out / "errors.csv")
    assert [float(row["列入线"]) for row in errors] == [200, 240, 280, 320, 360, 400, 440, 480, 520, 560, 600]
    households = rows(out / "households.csv")
    assert (households[0]["户编号"], households[0]["推算"], households[1]["推算"] != "") == ("H00", "", True)
    again = zhikun("measure", "score", surveyed, "--pack", "yuanzhou", "--card", card, "--out", tmp_path / "scores")
    assert again.code == 0, again.said
    assert "60 户，有分的 59 户" in again.out
    scores = rows(tmp_path / "scores" / "scores.csv")
    assert (scores[-1]["户编号"], scores[-1]["分"], scores[-1]["缺的事实"]) == ("H00", "", "家庭人口")
    points = [float(row["分"]) for row in scores[:-1]]
    assert points == sorted(points), "hardest first"


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ([*MEANS, "--cutoff", "300"], 2, "还要写 --line"),
        ([*MEANS, "--folds", "61"], 4, "不超过户数 60"),
        ([*MEANS, "--unknown", "own-level"], 4, "没有分段的数字"),
        ([*MEANS, "--fact", "income_ratio:低"], 4, "“低”不是数"),
        ([*MEANS[:4], "--fact", "need_class"], 4, "结果和调查表里都没有"),
    ],
)
def test_a_model_that_cannot_be_made_ends_with_its_code(zhikun, surveyed, words, code, text):
    answer = zhikun("measure", "means", surveyed, *words)
    assert answer.code == code, answer.said
    assert text in answer.err


def test_a_card_with_faults_ends_with_3_and_every_row(zhikun, surveyed, tmp_path):
    card = tmp_path / "card.csv"
    card.write_text("fact,level,points\nmember_count,五,1\nworker_count,each,多\n", encoding="utf-8")
    answer = zhikun("measure", "score", surveyed, "--pack", "yuanzhou", "--card", card)
    assert answer.code == 3, answer.said
    assert "第 2 行" in answer.err
    assert "第 3 行" in answer.err


def test_what_is_read_is_not_written_over(zhikun, surveyed, tmp_path):
    answer = zhikun("measure", "poverty", surveyed, "--pack", "yuanzhou", "--deprived", "member_count>=5", "--cutoff", "1",
                    "--survey", tmp_path / "s.xlsx", "--out", tmp_path / "s.xlsx")  # fmt: skip
    assert answer.code == 2
    assert "请先把它改名" in answer.err


def test_facts_and_places_come_from_the_survey(zhikun, good, tmp_path):
    assert zhikun("assess", good, "--pack", "national", "--on", "2025-03-01", "--out", tmp_path / "r").code == 0
    words = ("--pack", "national", "--deprived", "business_income_year<2400.01", "--cutoff", "1", "--by", "county")
    refused = zhikun("measure", "poverty", tmp_path / "r", *words)
    assert refused.code == 4
    assert "请用 --survey 给出调查表" in refused.err
    answer = zhikun("measure", "poverty", tmp_path / "r", *words, "--survey", good)
    assert answer.code == 0, answer.said
    assert "贫困发生率 H：75.00%" in answer.out
