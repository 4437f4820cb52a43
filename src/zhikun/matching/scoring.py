"""Probabilistic linkage with Splink on DuckDB: pairs with the weight of every field.

The only file that knows Splink, and only once pairs are scored: a run that has nothing to link does not load it. Splink
stands for the Fellegi-Sunter arithmetic; fields, levels and limits are ours.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from enum import StrEnum
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from zhikun.matching.errors import MatchingError
from zhikun.matching.kinds import levels_of
from zhikun.matching.model import Field, Model
from zhikun.matching.records import in_memory, prepared
from zhikun.wording import _

if TYPE_CHECKING:
    from splink import Linker
    from splink.comparison_library import CustomComparison


class Scope(StrEnum):
    """Which pairs are asked for: within one table, across two, or all that touch a new record."""

    WITHIN = "within"
    ACROSS = "across"
    NEW = "new"


SCOPES = {
    Scope.WITHIN: "",
    Scope.ACROSS: " AND l.side <> r.side",
    Scope.NEW: " AND (l.side = 0 OR r.side = 0)",
}


def by_probability_possible() -> bool:
    """Whether Splink is installed. Without it only what is exactly equal is linked."""
    return find_spec("splink") is not None


def _comparison(field: Field) -> CustomComparison:
    import splink.comparison_level_library as levels_library  # noqa: PLC0415 - loaded only when pairs are scored
    import splink.comparison_library as comparisons_library  # noqa: PLC0415 - loaded only when pairs are scored

    column = field.column
    names = {
        "l": f"{column}_l",
        "r": f"{column}_r",
        "other_l": f"{field.partner}_l",
        "other_r": f"{field.partner}_r",
    }
    built: list[Any] = [levels_library.NullLevel(column)]
    found = levels_of(field.kind, partnered=bool(field.partner))
    for level, (m, u) in zip(found, field.parameters(), strict=True):
        sql = level.sql if level.sql == "ELSE" else level.sql.format(**names)
        made = levels_library.CustomLevel(sql, level.key)
        made.configure(m_probability=m, u_probability=u)
        if field.frequency and level.key == "same":
            made.configure(tf_adjustment_column=column, tf_adjustment_weight=1.0)
        built.append(made)
    return comparisons_library.CustomComparison(output_column_name=column, comparison_levels=built)


def _rule(block: tuple[str, ...], scope: Scope) -> str:
    return " AND ".join(f"l.{column} = r.{column}" for column in block) + SCOPES[scope]


def _linker(table: pa.Table, model: Model, scope: Scope) -> Linker:
    from splink import DuckDBAPI, Linker, SettingsCreator  # noqa: PLC0415 - loaded only when pairs are scored

    # Splink tells its progress as warnings; what matters is raised here.
    logging.getLogger("splink").setLevel(logging.ERROR)
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        probability_two_random_records_match=model.prior or min(0.5, 1 / max(2, len(table))),
        comparisons=[_comparison(field) for field in model.fields],
        blocking_rules_to_generate_predictions=[
            {"blocking_rule": _rule(block, scope), "sql_dialect": "duckdb"} for block in model.blocks
        ],
        additional_columns_to_retain=["side"],
        retain_intermediate_calculation_columns=True,
        max_iterations=30,
    )
    api = DuckDBAPI(in_memory())
    return Linker([api.register(table)], settings, log_level=None)


def score(table: pa.Table, model: Model, scope: Scope) -> pa.Table:
    """Every pair of one of the model's blocks: ids, probability, total weight, and per field level number and weight.

    `table` is as `prepared` makes it, with `side` (0: new, 1: known). Columns `level_<field>` count from the
    strongest level, 0; -1 is unknown on one side. Weights are powers of two.
    """
    if len(table) < 2:
        return _empty(model)
    found = _linker(table.drop_columns(["token"]), model, scope).inference.predict()
    parts = []
    for field in model.fields:
        column = field.column
        count = len(levels_of(field.kind, partnered=bool(field.partner)))
        weight = f"mw_{column}" + (f" + coalesce(mw_tf_adj_{column}, 0)" if field.frequency else "")
        parts.append(
            f"CASE WHEN gamma_{column} < 0 THEN -1 ELSE {count - 1} - gamma_{column} END::INTEGER AS level_{column}, "
            f"round({weight}, 6) AS weight_{column}"
        )
    relation = found.as_duckdbpyrelation()
    return relation.project(
        "least(record_id_l, record_id_r) AS left_id, greatest(record_id_l, record_id_r) AS right_id, "
        "match_probability AS probability, round(match_weight, 6) AS weight, " + ", ".join(parts)
    ).to_arrow_table()


def _empty(model: Model) -> pa.Table:
    columns: dict[str, pa.DataType] = {
        "left_id": pa.string(),
        "right_id": pa.string(),
        "probability": pa.float64(),
        "weight": pa.float64(),
    }
    for field in model.fields:
        columns |= {f"level_{field.column}": pa.int32(), f"weight_{field.column}": pa.float64()}
    return pa.schema(list(columns.items())).empty_table()


def train(records: pa.Table, model: Model, *, others: pa.Table | None = None, sessions: tuple[tuple[str, ...], ...],
          sure: tuple[tuple[str, ...], ...], recall: float = 0.9, pairs: float = 1e6) -> Model:  # fmt: skip
    """The model with probabilities estimated from the records themselves, without labels (expectation maximisation).

    `sure` are blocks whose pairs are almost all one person, finding `recall` of them; each session learns the fields
    that its block does not hold fast, so two different blocks are needed. Levels never seen keep the usual values.
    """
    from splink import block_on  # noqa: PLC0415 - loaded only when pairs are scored

    if len(sessions) < 2:
        raise MatchingError(_("训练需要至少两组不同的分组字段：一组之内相同的字段学不到权重。请再给一组。"))
    table = prepared(records, model).append_column("side", pa.array([0] * len(records), pa.int32()))
    scope = Scope.WITHIN
    if others is not None:
        scope = Scope.ACROSS
        more = prepared(others, model).append_column("side", pa.array([1] * len(others), pa.int32()))
        table = pa.concat_tables([table, more])
    # Estimation starts from Splink's own values; ours replace what the records cannot show.
    linker = _linker(table.drop_columns(["token"]), model, scope)
    linker.training.estimate_probability_two_random_records_match([_rule(block, scope) for block in sure], recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=pairs, seed=1)
    for block in sessions:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*block))
    learned = linker.misc.save_model_to_json()
    fields = []
    for field, comparison in zip(model.fields, learned["comparisons"], strict=True):
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        fields.append(replace(field, probabilities=_merged(field, levels)))
    return replace(model, fields=tuple(fields), prior=learned["probability_two_random_records_match"])


def _merged(field: Field, levels: list[dict[str, float]]) -> tuple[tuple[float, float], ...]:
    """What was learned; the usual value where a level was never seen, and never exactly zero."""
    usual = field.parameters()
    return tuple(
        (max(level.get("m_probability") or m, 1e-6), max(level.get("u_probability") or u, 1e-9))
        for level, (m, u) in zip(levels, usual, strict=True)
    )
