"""Files to `Pack`: the pack's own definitions after those it takes from the packs it extends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zhikun.engine.packs.checks import check_pack
from zhikun.engine.packs.defined import Defined, source_of
from zhikun.engine.packs.facts import fact_of, standard_of
from zhikun.engine.packs.files import (
    WARNINGS,
    case_files,
    check_strangers,
    hash_of,
    names,
    programme_folders,
    section_files,
)
from zhikun.engine.packs.merge import Gathered, assemble, merge, take_facts
from zhikun.engine.packs.model import FIRST_DAY, Entity, Note, Pack, Place, Results
from zhikun.engine.packs.places import read_places
from zhikun.engine.packs.problems import PackErrors, Problems, suggestion
from zhikun.engine.packs.rules import decision_of, list_of, ranking_of, rule_of
from zhikun.engine.packs.schema import FORMAT
from zhikun.engine.packs.shape import Record, check_record
from zhikun.engine.packs.tables import table_of
from zhikun.engine.packs.watched import Watched, beside, finished, read_watched
from zhikun.engine.packs.yaml_file import parse_yaml, read_text
from zhikun.wording import _

_MAKERS: dict[str, Callable[[str, str, str, Record, Problems], Defined]] = {
    "standards": standard_of,
    "rules": rule_of,
    "decisions": decision_of,
    "lists": list_of,
    "rankings": ranking_of,
}


@dataclass(frozen=True, slots=True)
class Extension:
    """One line of `extends`: the pack, and which of its programmes; None for all."""

    pack: str
    programmes: frozenset[str] | None
    facts: frozenset[str]  # 'member.on_dibao': taken although no formula uses them
    indicators: frozenset[str] | None  # of the pack's monitoring, where that is taken; None for all
    groups: frozenset[str] | None
    at: Place


@dataclass(slots=True)
class Header:
    """A pack's own pack.yaml and facts: what holds whichever programmes are taken."""

    record: Record
    extends: tuple[Extension, ...]
    programmes: dict[str, str]
    entities: dict[str, tuple[Entity, Place]]
    top: list[Defined]  # facts.yaml and standards.yaml
    folder: Path


class Reader:
    """Reads one pack and the packs it extends, each file once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems = Problems()
        self.texts: dict[str, str] = {}
        self.headers: dict[str, Header | None] = {}
        self.folders: dict[tuple[str, str], list[Defined]] = {}
        self.watched: dict[str, Watched] = {}

    def load(self, name: str) -> Pack:
        """The checked pack, or `PackErrors` with everything found."""
        header = self.header(name, Place(f"{name}/pack.yaml", 1), ())
        if header is None:
            raise PackErrors(self.problems.errors)
        gathered = self.gather(name, None)
        self._check_folders(header)
        if self.problems.unreadable:
            raise PackErrors(self.problems.errors)
        content = merge(gathered, name, _shown(_results(header.record)), self.problems)
        draft = assemble(content, self.problems)
        record = header.record
        pack = Pack(
            id=record.text("id", name),
            title=record.text("title"),
            version=record.text("version"),
            hash=hash_of(self.texts),
            place=record.text("place"),
            first_day=record.day("first_day", FIRST_DAY),
            sample=record.flag("sample"),
            entities=content.entities,
            facts=draft.facts,
            standards=draft.standards,
            tables=draft.tables,
            rules=draft.rules,
            rankings=draft.rankings,
            sources=content.sources,
            programmes=content.programmes,
            notes=tuple(content.notes),
            results=_results(record),
            case_files=tuple(
                str(path.absolute()) for folder in header.programmes for path in case_files(header.folder / folder)
            ),
            places=read_places(header.folder / record.text("places"), record.place("places"), self.problems)
            if record.has("places")
            else {},
            monitoring=finished(gathered.monitoring, self.problems) if gathered.monitoring else None,
        )
        check_pack(pack, record, self.problems)
        self.problems.raise_if_any()
        return pack

    # -- one pack's own files -------------------------------------------------------------------------------------

    def header(self, name: str, asked_at: Place, chain: tuple[str, ...]) -> Header | None:
        """What a pack holds whichever programmes are taken; None with the fault recorded when it cannot be read."""
        if name in self.headers:
            return self.headers[name]
        folder = self.root / name
        if not name.isidentifier() or not (folder / "pack.yaml").is_file():
            known = [n for n in names(self.root) if n != name]
            text = _("没有政策包“{name}”（找不到 {file}）。{hint}")
            self.problems.add(asked_at, text.format(name=name, file=f"{name}/pack.yaml", hint=suggestion(name, known)))
            self.problems.unreadable = True
            self.headers[name] = None
            return None
        record = self._read(folder / "pack.yaml", "pack")
        if record is None:
            self.headers[name] = None
            return None
        self._check_header(name, record)
        facts = self._read(folder / "facts.yaml", "facts_file") if (folder / "facts.yaml").exists() else None
        standards = (
            self._read(folder / "standards.yaml", "standards_file") if (folder / "standards.yaml").exists() else None
        )
        header = Header(
            record=record,
            extends=_extensions(record),
            programmes=record.texts("programmes"),
            entities=_entities(facts, self.problems) if facts else {},
            top=self._top(name, facts, standards),
            folder=folder,
        )
        self.headers[name] = header
        self._extended(name, header, chain)
        check_strangers(folder, name, False, self.problems)
        return header

    def _read(self, path: Path, schema: str) -> Record | None:
        file = path.relative_to(self.root).as_posix()
        text = read_text(path, file, self.problems)
        if text is None:
            return None
        self.texts[file] = text
        root = parse_yaml(text, file, self.problems)
        return None if root is None else check_record(root, schema, self.problems)

    def _check_header(self, name: str, record: Record) -> None:
        format_ = record.values.get("format")
        if isinstance(format_, int) and format_ != FORMAT:
            text = _("这个程序只认格式 {known}，文件写的是 {found}。请升级程序，或把政策包改成格式 {known}。")
            self.problems.add(record.place("format"), text.format(known=FORMAT, found=format_))
        if record.text("id", name) != name:
            text = _("id 写的是“{id}”，文件夹叫“{folder}”，两者必须一样。请改其中一个。")
            self.problems.add(record.place("id"), text.format(id=record.text("id"), folder=name))

    def _extended(self, name: str, header: Header, chain: tuple[str, ...]) -> None:
        for extension in header.extends:
            if extension.pack == name or extension.pack in chain:
                start = chain.index(extension.pack) if extension.pack in chain else len(chain)
                round_trip = " → ".join((*chain[start:], name, extension.pack))
                text = _("extends 绕成了圈：{chain}。政策包不能直接或间接沿用自己，请删去其中一处。")
                self.problems.add(extension.at, text.format(chain=round_trip))
                self.problems.unreadable = True
                continue
            parent = self.header(extension.pack, extension.at, (*chain, name))
            if parent is None:
                self.problems.unreadable = True
                continue
            known = self.available(extension.pack)
            for programme in sorted((extension.programmes or frozenset()) - known):
                text = _("政策包 {pack} 没有方案“{programme}”。{hint}")
                hint = suggestion(programme, known)
                self.problems.add(extension.at, text.format(pack=extension.pack, programme=programme, hint=hint))

    def available(self, name: str) -> frozenset[str]:
        """The programmes that a pack has, its own and those it extends."""
        header = self.headers.get(name)
        if header is None or self.problems.unreadable:
            return frozenset(header.programmes) if header else frozenset()
        found = set(header.programmes) | ({WARNINGS} if (header.folder / WARNINGS).is_dir() else set())
        for extension in header.extends:
            there = self.available(extension.pack)
            found |= there if extension.programmes is None else there & extension.programmes
        return frozenset(found)

    def _top(self, name: str, facts: Record | None, standards: Record | None) -> list[Defined]:
        top: list[Defined] = []
        for entity, section in (facts.named("facts") if facts else {}).items():
            for fact, record in section.named("facts").items():
                top.append(fact_of(name, entity, fact, record, self.problems))
        for standard, record in (standards.named("standards") if standards else {}).items():
            top.append(standard_of(name, "", standard, record, self.problems))
        return top

    def programme(self, name: str, programme: str) -> list[Defined]:
        """Everything that one programme folder defines, in the order of its files."""
        if (name, programme) not in self.folders:
            self.folders[name, programme] = self._programme(name, programme)
        return self.folders[name, programme]

    def _programme(self, name: str, programme: str) -> list[Defined]:
        folder = self.root / name / programme
        if not folder.is_dir():
            return []
        found: list[Defined] = []
        for path in section_files(folder):
            record = self._read(path, "programme_file")
            if record is None:
                continue
            for section, maker in _MAKERS.items():
                for key, entry in record.named(section).items():
                    found.append(maker(name, programme, key, entry, self.problems))
            for key, entry in record.named("tables").items():
                found.append(table_of(name, programme, folder, key, entry, self.problems, self.texts))
        check_strangers(folder, f"{name}/{programme}", True, self.problems)
        self._check_unused_tables(name, programme, folder)
        return found

    def _check_unused_tables(self, name: str, programme: str, folder: Path) -> None:
        for path in sorted((folder / "tables").glob("[!.~]*.csv")):
            file = f"{name}/{programme}/tables/{path.name}"
            if file not in self.texts and not self.problems.unreadable:
                text = _("没有哪个表用到这个文件，改了也不起作用。请在 tables 里写上它，或删去这个文件。")
                self.problems.add(Place(file, 1), text)

    def _watched(self, name: str, header: Header) -> Watched:
        if name not in self.watched:
            self.watched[name] = read_watched(header.folder / WARNINGS, name, self._read, self.problems)
        return self.watched[name]

    def _taken(self, parent: Watched, extension: Extension) -> Watched:
        for wanted, known, what in (
            (extension.indicators, parent.indicators, _("指标")),
            (extension.groups, parent.groups, _("监测对象类别")),
        ):
            for missing in sorted((wanted or frozenset()) - known.keys()):
                text = _("政策包 {pack} 没有{what}“{name}”。{hint}")
                hint = suggestion(missing, known)
                self.problems.add(extension.at, text.format(pack=extension.pack, what=what, name=missing, hint=hint))
        return parent.taken(extension.indicators, extension.groups)

    def _check_folders(self, header: Header) -> None:
        there = programme_folders(header.folder)
        at = header.record.place("programmes")
        for folder in there:
            if folder not in header.programmes:
                text = _(
                    "文件夹“{folder}”没有列在 programmes 里，里面的规则不会生效。请加一行“{folder}: 中文名称”，或移走。"
                )
                self.problems.add(at, text.format(folder=folder))
        for folder in header.programmes:
            if folder not in there:
                text = _("programmes 列了“{folder}”，却没有这个文件夹。{hint}")
                missing = [f for f in there if f not in header.programmes]
                hint = suggestion(folder, missing) if missing else _("请建立文件夹，或删去这一行。")
                self.problems.add(at, text.format(folder=folder, hint=hint))
            elif not section_files(header.folder / folder):
                text = _("方案文件夹“{folder}”里没有一个 .yaml 规则文件。请写规则，或删去文件夹和这一行。")
                self.problems.add(at, text.format(folder=folder))

    # -- with what it extends -------------------------------------------------------------------------------------

    def gather(self, name: str, wanted: frozenset[str] | None) -> Gathered:
        """A pack's definitions after those it extends; of restricted packs facts and standards only as needed."""
        header = self.headers.get(name)
        result = Gathered()
        if header is None or self.problems.unreadable:
            return result
        for extension in header.extends:
            inner = wanted if extension.programmes is None else extension.programmes
            if wanted is not None and extension.programmes is not None:
                inner = wanted & extension.programmes
            parent = self.gather(extension.pack, inner)
            take_facts(parent, extension.facts, extension.pack, extension.at, self.problems)
            result.inherit(parent, extension.pack)
            if parent.monitoring is not None:
                inherited = self._taken(parent.monitoring, extension)
                result.monitoring = beside(result.monitoring, inherited, self.problems)
        own: list[Defined] = list(header.top)
        for programme, title in header.programmes.items():
            if wanted is None or programme in wanted:
                own += self.programme(name, programme)
                result.programmes[programme] = title
        if (header.folder / WARNINGS).is_dir() and (wanted is None or WARNINGS in wanted):
            ours = self._watched(name, header)
            result.monitoring = ours.over(result.monitoring) if result.monitoring else ours
        for defined in own:
            defined.optional = wanted is not None and not defined.programme
        result.define(own, self.problems)
        result.declare(name, header.entities, self.problems)
        for key, document in header.record.named("sources").items():
            result.sources[key] = {k: v for k, v in document.values.items() if isinstance(v, str)}
        if wanted is None:
            result.notes += [
                Note(n.text("subject"), n.text("text"), source_of(n, self.problems))
                for n in header.record.records("notes")
            ]
        return result


def _extensions(record: Record) -> tuple[Extension, ...]:
    return tuple(
        Extension(
            e.text("pack"),
            frozenset(e.names("programmes")) if e.has("programmes") else None,
            frozenset(e.names("facts")),
            frozenset(e.names("indicators")) if e.has("indicators") else None,
            frozenset(e.names("groups")) if e.has("groups") else None,
            e.at,
        )
        for e in record.records("extends")
        if e.text("pack")
    )


def _entities(facts: Record, problems: Problems) -> dict[str, tuple[Entity, Place]]:
    entities: dict[str, tuple[Entity, Place]] = {}
    for name, record in facts.named("entities").items():
        if name in ("household", "member"):
            problems.add(record.at, _("实体 {name} 总是有的，不用也不能再写。请删去。").format(name=name))
            continue
        entities[name] = (Entity(name, record.text("title", name), record.text("sheet", name)), record.at)
    return entities


def _results(record: Record) -> Results:
    results = record.record("results")
    if results is None:
        return Results()
    single = {key: results.text(key) for key in ("category", "amount", "index", "rank", "eligible")}
    several = {key: results.names(key) for key in ("causes", "policies", "flags", "columns")}
    return Results(**single, **several)  # type: ignore[arg-type]  # names of one kind, tuples of the other


def _shown(results: Results) -> tuple[str, ...]:
    several = (*results.causes, *results.policies, *results.flags, *results.columns)
    return (results.category, results.amount, results.index, results.rank, results.eligible, *several)


def read_pack(root: Path, name: str) -> Pack:
    """The pack `name` under `root`, checked; `PackErrors` with all faults otherwise."""
    return Reader(root).load(name)
