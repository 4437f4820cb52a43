"""Receiving the five lists of a month in pandas: what bench/monitoring_peer.py does before it screens.

Of each file: its hash; its columns found by any agreed heading; every cell checked (identity numbers normalised and tested by
GB 11643, names there, dates real and not to come, codes known, no identity number or broken character in a text); rows that
cannot stand counted by their first reason and written with it beside the receipt; tokens; doubled rows dropped; what stays kept
as Parquet; a profile, compared with the last receipt before. The folder of a list appears whole.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa


@dataclass(frozen=True)
class Column:
    """A column of a list, as pack `gansu` has it."""

    title: str
    kind: str
    required: bool = False
    choices: dict[str, str] = field(default_factory=dict)
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A list: whether it tells events, in which months of a year it is due, for how many months it holds, its columns."""

    event: bool
    due: range | tuple[int, ...]
    valid: int
    columns: dict[str, Column]


MONTHLY, YEARLY = range(1, 13), (9,)
WHO = {
    "id_number": Column("身份证号", "id_number", True, headers=("公民身份号码", "身份证号码", "证件号码")),
    "name": Column("姓名", "name", True),
}
SOURCES = {
    "inpatients": Source(
        True, MONTHLY, 2, WHO | {"hospital": Column("医疗机构", "text"), "admitted_on": Column("入院日期", "date")}
    ),
    "chronic_illness": Source(
        False, MONTHLY, 2,
        WHO | {"kind": Column("病种类别", "choice", True, {"chronic": "慢性病", "serious": "重大疾病"})},
    ),
    "disability_certificates": Source(
        False, MONTHLY, 2,
        WHO | {"grade": Column("残疾等级", "choice", True, {"g1": "一级", "g2": "二级", "g3": "三级", "g4": "四级"}),
               "issued_on": Column("发证日期", "date")},
    ),
    "unemployed": Source(True, MONTHLY, 2, WHO | {"registered_on": Column("失业登记日期", "date")}),
    "college_admissions": Source(
        True, YEARLY, 12, WHO | {"school": Column("录取院校", "text"), "admitted_on": Column("录取日期", "date")}
    ),
}  # fmt: skip
#: Why a row goes back; a row has the first reason from the left, and 0 is none.
REASONS = (
    "", "id_blank", "id_length", "id_characters", "id_rounded", "id_birth_date", "id_check", "blank", "date", "future",
    "old_date", "choice", "id_inside", "long", "garbled", "duplicate",
)  # fmt: skip
CODE = {reason: code for code, reason in enumerate(REASONS)}
TOKEN = pd.ArrowDtype(pa.binary(16))
TEXT = pd.StringDtype("pyarrow", na_value=np.nan)  # what pandas 3 has for texts
DAY = pd.ArrowDtype(pa.date32())
WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], np.int32)
CHECK = np.frombuffer(b"10X98765432", np.uint8)
NAME = r"[^\d、，,;；/\\@#=]{2,50}"
ROUNDED = r"[0-9](\.[0-9]+)?E\+?1[4-7]|[0-9]{15}0*\.0+|[0-9]{12,15}000"
NOISE = "[\\s'`’\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]"
INSIDE = r"[0-9]{17}[0-9Xx]|(?:^|[^0-9])[0-9]{15}(?:[^0-9]|$)"
OTHER_DATES = ("%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d")
LONGEST = 1000
ROUNDED_SHARE = 50  # one row in fifty rounded: those that pass by chance are rounded as well


@dataclass(frozen=True)
class Delivery:
    """One file to be received."""

    source: str
    month: str
    file: Path
    data: Path
    key: bytes
    today: date
    trust: bool = False

    @property
    def folder(self) -> Path:
        return self.data / "lists" / self.source / self.month


def receive(delivery: Delivery) -> dict[str, Any]:
    """The file's receipt; its rows and rejects stand beside it."""
    with delivery.file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    columns = SOURCES[delivery.source].columns
    frame, blank_rows = read(delivery.file, columns)
    values, reasons, counted = checked(frame, columns, delivery)
    good = reasons == 0
    rows = values[good].copy() if not good.all() else values
    rows.insert(0, "person", tokens(rows.pop("id_number"), delivery.key))
    several = rows[rows["person"].duplicated(keep=False)]
    doubled = several.index[several.duplicated([name for name in rows.columns if name != "row"])]
    reasons[doubled] = CODE["duplicate"]
    rows = rows.drop(doubled)
    counts = pd.Series(reasons[reasons > 0]).value_counts()
    rejected = {REASONS[code]: int(count) for code, count in counts.items()}
    profile = profiled(rows, columns, pd.Period(delivery.month, "M")) | counted | {
        "missing_keys": rejected.get("id_blank", 0), "check_digits": rejected.get("id_check", 0), "blank_rows": blank_rows,
    }  # fmt: skip
    receipt = {
        "source": delivery.source, "period": delivery.month, "file": delivery.file.name, "sha256": digest,
        "rows": len(frame), "accepted": len(rows), "rejected": rejected, "profile": profile,
        "against": against(profile, delivery),
    }  # fmt: skip
    keep(delivery.folder, rows, frame[reasons > 0].assign(reason=np.array(REASONS)[reasons[reasons > 0]]), receipt)
    return receipt


def read(file: Path, columns: dict[str, Column]) -> tuple[pd.DataFrame, int]:
    """The list's columns as text under their names, with Arrow's reader, the fastest that pandas has; how many rows are blank."""
    frame = pd.read_csv(file, dtype=TEXT, engine="pyarrow", keep_default_na=False, na_values=[""])
    known = {title: name for name, one in columns.items() for title in (one.title, *one.headers)}
    frame = frame.rename(columns=lambda title: known.get(title.strip(), title))
    if missing := [name for name, one in columns.items() if one.required and name not in frame]:
        raise SystemExit(f"{file}: no column {', '.join(columns[name].title for name in missing)}")
    frame = frame.reindex(columns=list(columns))
    frame.insert(0, "row", np.arange(2, len(frame) + 2, dtype=np.int32))
    blank = frame[list(columns)].isna().all(axis=1)
    return (frame[~blank].reset_index(drop=True), int(blank.sum())) if blank.any() else (frame, 0)


def checked(
    frame: pd.DataFrame, columns: dict[str, Column], delivery: Delivery
) -> tuple[pd.DataFrame, np.ndarray, dict[str, int]]:
    """The values that are kept and the numbers, the first reason against each row, and what is counted on the way."""
    reasons = np.zeros(len(frame), np.uint8)
    values: dict[str, Any] = {"row": frame["row"]}
    counted = {}
    for name, column in columns.items():
        text = frame[name]
        if column.kind == "id_number":
            values[name], wrong, counted["suspect_numbers"] = numbers(text, trust=delivery.trust)
        elif column.kind == "name":
            wrong, counted["odd_names"] = named(text)
        elif column.kind == "choice":
            values[name], wrong = coded(text, column.choices)
        elif column.kind == "date":
            values[name], wrong = dated(text, delivery.today)
        else:
            values[name], wrong = texts(text)
        if column.required and column.kind != "id_number":
            wrong = np.where(text.isna().to_numpy() & (wrong == 0), CODE["blank"], wrong)
        reasons = np.where(reasons == 0, wrong, reasons)
    return pd.DataFrame(values), reasons, counted


def numbers(text: pd.Series, *, trust: bool) -> tuple[pd.Series, np.ndarray, int]:
    """Numbers made plain, what is wrong with each, and how many end as if rounded. Only what does not look like one is worked on."""
    wrong, suspects = np.zeros(len(text), np.uint8), 0
    if trust:
        return text, wrong, suspects
    good = well_formed(text)
    if not good.all():
        text = text.fillna("")
        odd = plain(text[~good])
        text = text.where(good, odd.reindex(text.index))
        wrong[~good] = np.select(
            [odd == "", odd.str.fullmatch(ROUNDED), odd.str.contains("[^0-9X]"), ~odd.str.len().isin((15, 18))],
            [CODE["id_blank"], CODE["id_rounded"], CODE["id_characters"], CODE["id_length"]], CODE["id_characters"],
        )  # fmt: skip
        good = well_formed(text)
    wrong[good] = faults(text if good.all() else text[good])
    ends = text.str.endswith("000").to_numpy(bool)
    if ends.any():
        wrong[ends & (wrong > 0)] = CODE["id_rounded"]
        suspect = ends & (wrong == 0)
        suspects = int(suspect.sum())
        if int((wrong == CODE["id_rounded"]).sum()) * ROUNDED_SHARE > len(text):
            wrong[suspect] = CODE["id_rounded"]
    return text, wrong, suspects


def well_formed(text: pd.Series) -> np.ndarray:
    return text.str.fullmatch(r"[0-9]{17}[0-9X]").fillna(False).to_numpy(bool, copy=True)


def plain(text: pd.Series) -> pd.Series:
    """Full-width digits, spaces and small letters made plain; 15 digits made 18."""
    text = text.str.normalize("NFKC").str.replace(NOISE, "", regex=True).str.upper()
    old = text.str.fullmatch("[0-9]{15}")
    if old.any():
        full = text[old].str[:6] + "19" + text[old].str[6:]
        total = (bytes_of(full, 17).astype(np.int32) - 48) @ WEIGHTS
        text[old] = full + pd.Series(CHECK[total % 11].view("S1").astype("U1"), index=full.index)
    return text


def faults(text: pd.Series) -> np.ndarray:
    """Birth dates that are none, and check characters that are wrong, of well-formed numbers."""
    digits = bytes_of(text, 18)
    total = (digits[:, :17].astype(np.int32) - 48) @ WEIGHTS
    born = pd.to_datetime(text.str[6:14], format="%Y%m%d", errors="coerce")
    unreal = (born.isna() | (born.dt.year < 1850)).to_numpy()
    return np.select([unreal, CHECK[total % 11] != digits[:, 17]], [CODE["id_birth_date"], CODE["id_check"]], 0)


def bytes_of(text: pd.Series, width: int) -> np.ndarray:
    """Texts of the same length as a matrix of bytes."""
    return np.frombuffer("".join(text.to_list()).encode(), np.uint8).reshape(-1, width)


def tokens(text: pd.Series, key: bytes) -> pd.Series:
    """HMAC-SHA256 of each number, 16 bytes. Copies of two begun hashes take half the time of `hmac.digest`."""
    pad = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(one ^ 0x36 for one in pad) + b"resident\0")
    outer = hashlib.sha256(bytes(one ^ 0x5C for one in pad))

    def token(number: str) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(number.encode())
        second.update(first.digest())
        return second.digest()[:16]

    return pd.Series(pa.array([token(one) for one in text.to_list()], pa.binary(16)), index=text.index, dtype=TOKEN)


def named(text: pd.Series) -> tuple[np.ndarray, int]:
    """Broken characters; and how many names look like none, which keeps nobody out who has a number. Each name is looked at once."""
    codes, distinct = pd.factorize(text)
    name = pd.Series(distinct).str.strip()
    odd = ((name != "") & ~name.str.fullmatch(NAME)).to_numpy(bool)
    wrong = np.where(name.str.contains("\ufffd", regex=False), CODE["garbled"], 0)
    return np.append(wrong, 0)[codes], int(np.append(odd, False)[codes].sum())


def coded(text: pd.Series, choices: dict[str, str]) -> tuple[pd.Series, np.ndarray]:
    """Codes of words or codes; what is neither goes back."""
    words = {code: code for code in choices} | {label: code for code, label in choices.items()}
    codes = text.str.strip().map(words)
    wrong = np.where(codes.isna() & text.notna(), CODE["choice"], 0)
    return pd.Series(pd.Categorical(codes, categories=list(choices)), index=text.index), wrong


def dated(text: pd.Series, today: date) -> tuple[pd.Series, np.ndarray]:
    """Days; spellings that cannot be mistaken are read, days to come and before 1900 go back."""
    word = text.str.strip()
    day = pd.to_datetime(word, format="%Y-%m-%d", errors="coerce")
    given = word.notna() & (word != "")
    for form in OTHER_DATES:
        if not (rest := given & day.isna()).any():
            break
        day = day.fillna(pd.to_datetime(word[rest], format=form, errors="coerce"))
    wrong = np.select(
        [given & day.isna(), day > pd.Timestamp(today), day < pd.Timestamp("1900-01-01")],
        [CODE["date"], CODE["future"], CODE["old_date"]], 0,
    )  # fmt: skip
    return day.astype(DAY), wrong


def texts(text: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """Texts without noise; with an identity number, broken characters or a thousand signs they go back. Each is looked at once."""
    codes, distinct = pd.factorize(text)
    word = pd.Series(distinct, dtype=TEXT).str.normalize("NFKC").str.strip().replace("", None)
    wrong = np.select(
        [word.str.contains("\ufffd", regex=False, na=False), word.str.len() > LONGEST, word.str.contains(INSIDE, na=False)],
        [CODE["garbled"], CODE["long"], CODE["id_inside"]], 0,
    )  # fmt: skip
    return word.reindex(codes).set_axis(text.index), np.append(wrong, 0)[codes]


def profiled(rows: pd.DataFrame, columns: dict[str, Column], month: pd.Period) -> dict[str, Any]:
    """Known values of each column, codes, first and last day; people, and how many of them stand on several rows."""
    first, last = month.start_time.date(), month.end_time.date()
    found: dict[str, dict[str, Any]] = {}
    for name, values in rows.drop(columns=["person", "row"]).items():
        one: dict[str, Any] = {"known": int(values.notna().sum())}
        if columns[name].kind == "choice":
            one["codes"] = {code: int(count) for code, count in values.value_counts().sort_index().items() if count}
        elif columns[name].kind == "date":
            if one["known"]:
                one |= {"first": values.min().isoformat(), "last": values.max().isoformat()}
            one["after_period"] = int((values > last).sum())
            one["in_period"] = int((values >= first).sum()) - one["after_period"]
        found[str(name)] = one
    times = rows["person"].value_counts()
    return {"rows": len(rows), "columns": found, "people": len(times), "repeated_people": int((times > 1).sum())}


def against(profile: dict[str, Any], delivery: Delivery) -> dict[str, Any]:
    """What came or went since the last receipt, if there is one."""
    last = max(
        (path for path in delivery.folder.parent.glob("20*/receipt.json") if path.parent.name < delivery.month),
        default=None,
    )
    if last is None:
        return {}
    before = json.loads(last.read_text(encoding="utf-8"))
    codes = {}
    for name, column in profile["columns"].items():
        now, then = (set(one.get("codes", ())) for one in (column, before["profile"]["columns"].get(name, {})))
        if now != then:
            codes[name] = {"new": sorted(now - then), "gone": sorted(then - now)}
    return {"receipt": f"{delivery.source}/{last.parent.name}/001", "rows": before["accepted"], "codes": codes}


def keep(folder: Path, rows: pd.DataFrame, rejects: pd.DataFrame, receipt: dict[str, Any]) -> None:
    """The rows, what goes back, and the receipt, in a folder that appears whole."""
    new = folder.with_name(f".{folder.name}")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    rows.to_parquet(new / "rows.parquet", index=False, compression="zstd")
    if len(rejects):
        rejects.to_csv(new / "rejects.csv", index=False)
    with (new / "rows.parquet").open("rb") as content:
        receipt["rows_sha256"] = hashlib.file_digest(content, "sha256").hexdigest()
    (new / "receipt.json").write_text(json.dumps(receipt, ensure_ascii=False, indent=1), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)
