"""YAML as people write it in packs: every value keeps its line, and nothing is guessed.

The nodes are typed here and not by YAML 1.1, whose rules surprise: `on` and `no` stay words, `012` and `1:30`
are not numbers of another base, `2023-02-30` is not a day.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import yaml

from zhikun.engine.packs.model import Place
from zhikun.engine.packs.problems import Problems
from zhikun.wording import _

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)\Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_WORDS: dict[str, object] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_PLAIN_TAG = "tag:yaml.org,2002:str"
_LIST_TAG = "tag:yaml.org,2002:seq"
_FIELDS_TAG = "tag:yaml.org,2002:map"


class Scalar:
    """One value as written; `quoted` when it stood in quotes or in a block."""

    __slots__ = ("file", "line", "quoted", "raw")

    def __init__(self, file: str, line: int, raw: str, quoted: bool) -> None:
        self.file = file
        self.line = line
        self.raw = raw
        self.quoted = quoted

    @property
    def at(self) -> Place:
        return Place(self.file, self.line)

    @property
    def value(self) -> object:
        """The typed value: None, bool, int, float, date or str."""
        return self.raw if self.quoted else plain_value(self.raw)


class Items:
    """A list of values."""

    __slots__ = ("file", "items", "line")

    def __init__(self, file: str, line: int, items: list[Node]) -> None:
        self.file = file
        self.line = line
        self.items = items

    @property
    def at(self) -> Place:
        return Place(self.file, self.line)


class Fields:
    """Keys with their values, in the order written, and the line of every key."""

    __slots__ = ("entries", "file", "line", "lines")

    def __init__(self, file: str, line: int, entries: dict[str, Node], lines: dict[str, int]) -> None:
        self.file = file
        self.line = line
        self.entries = entries
        self.lines = lines

    @property
    def at(self) -> Place:
        return Place(self.file, self.line)

    def key_at(self, key: str) -> Place:
        """Where the key itself stands."""
        return Place(self.file, self.lines.get(key, self.line))


Node = Scalar | Items | Fields


def plain_value(raw: str) -> object:
    """What an unquoted word means: nothing, true, false, a number, a day, or just the word."""
    if raw in _WORDS:
        return _WORDS[raw]
    if raw[0] not in "+-.0123456789":
        return raw
    if _INTEGER.match(raw):
        return int(raw)
    if _DECIMAL.match(raw):
        return float(raw)
    if _DAY.match(raw):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            return raw
    return raw


class _SlowLoader(
    yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser, yaml.composer.Composer, yaml.resolver.BaseResolver
):
    """Pure Python, where PyYAML was built without libyaml. No implicit types: scalars stay text until we type them."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)
        yaml.composer.Composer.__init__(self)
        yaml.resolver.BaseResolver.__init__(self)


_loader: type = _SlowLoader
if hasattr(yaml, "CSafeLoader"):
    from yaml._yaml import CParser

    class _FastLoader(CParser, yaml.resolver.BaseResolver):
        """libyaml's parser, about ten times as fast; again without implicit types."""

        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)
            yaml.resolver.BaseResolver.__init__(self)

    _loader = _FastLoader


def read_text(path: Path, file: str, problems: Problems) -> str | None:
    """A file's text with plain line ends and without a byte order mark; a fault when it is not UTF-8."""
    try:
        data = path.read_bytes()
    except OSError as error:
        problems.unreadable = True
        problems.add(
            Place(file, 1), _("读不了这个文件：{why}。请检查文件是否存在、是否有读取权限。").format(why=error.strerror)
        )
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.unreadable = True
        line = data.count(b"\n", 0, error.start) + 1
        problems.add(Place(file, line), _not_utf8(data))
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _not_utf8(data: bytes) -> str:
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return _("文件不是 UTF-8 编码的文本，无法读取。请用文本编辑器或电子表格另存为“UTF-8”编码。")
    return _(
        "文件是 GB18030（GBK）编码，不是 UTF-8，无法保证每台电脑读出同样的字。"
        "请另存为“UTF-8”编码（WPS、Excel 中选“CSV UTF-8”）。"
    )


def read_yaml(path: Path, file: str, problems: Problems) -> Fields | None:
    """The top-level keys of a YAML file, or None with the faults recorded."""
    text = read_text(path, file, problems)
    return None if text is None else parse_yaml(text, file, problems)


def parse_yaml(text: str, file: str, problems: Problems) -> Fields | None:
    """As `read_yaml`, from text in hand."""
    try:
        loader = _loader(text)
        root = loader.get_single_node()
    except yaml.YAMLError as error:
        problems.unreadable = True
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = mark.line + 1 if mark is not None else 1
        problems.add(Place(file, line), _syntax_text(text, line, error))
        return None
    if root is None:
        problems.unreadable = True
        problems.add(Place(file, 1), _("文件是空的。请写入内容，或者删去这个文件。"))
        return None
    reader = _Reader(file, problems)
    node = reader.node(root)
    if reader.aliased:
        problems.unreadable = True
        return None
    if not isinstance(node, Fields):
        problems.unreadable = True
        problems.add(Place(file, 1), _("文件最外层应当是“名称: 内容”的形式，现在是一个列表或一个值。"))
        return None
    return node


def _syntax_text(text: str, line: int, error: yaml.YAMLError) -> str:
    lines = text.split("\n")
    here = lines[line - 1] if line <= len(lines) else ""
    why = str(getattr(error, "problem", "") or getattr(error, "reason", "") or error)
    if "\t" in here[: len(here) - len(here.lstrip())]:
        return _("缩进用了制表符（Tab），YAML 只认空格。请把行首的制表符改成空格。")
    return _(
        "YAML 语法有误，后面的内容无法读取（{why}）。请检查本行和上一行的缩进、冒号后的空格、括号和引号是否成对。"
    ).format(why=why)


class _Reader:
    """Turns composed nodes into ours, refusing what a policy file does not need."""

    def __init__(self, file: str, problems: Problems) -> None:
        self.file = file
        self.problems = problems
        self.seen: set[int] = set()
        self.aliased = False

    def node(self, raw: yaml.Node) -> Node:
        line = raw.start_mark.line + 1
        if id(raw) in self.seen:
            self.problems.add(
                Place(self.file, line),
                _("这里用了 YAML 的锚点和引用（& 和 *），读的人要来回翻找。请把内容直接写出来。"),
            )
            self.aliased = True
            return Scalar(self.file, line, "", False)
        self.seen.add(id(raw))
        if raw.tag not in (_PLAIN_TAG, _LIST_TAG, _FIELDS_TAG):
            self.problems.add(
                Place(self.file, line), _("不支持 YAML 标签“{tag}”。请删去它，只写值。").format(tag=raw.tag)
            )
        if isinstance(raw, yaml.ScalarNode):
            return Scalar(self.file, line, raw.value, bool(raw.style))
        if isinstance(raw, yaml.SequenceNode):
            return Items(self.file, line, [self.node(item) for item in raw.value])
        return self._fields(raw, line)

    def _fields(self, raw: yaml.Node, line: int) -> Fields:
        entries: dict[str, Node] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in raw.value:
            key_line = key_node.start_mark.line + 1
            value = self.node(value_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.add(Place(self.file, key_line), _("名称应当是一个词，不能是列表或一组内容。"))
                continue
            key = key_node.value
            if key in entries:
                self.problems.add(
                    Place(self.file, key_line),
                    _("“{key}”写了两次（第 {first} 行已有），不知道以哪个为准。请只留一个。").format(
                        key=key, first=lines[key]
                    ),
                )
                continue
            entries[key] = value
            lines[key] = key_line
        return Fields(self.file, line, entries, lines)
