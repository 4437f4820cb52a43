"""What `zhikun keys` has to do with the platform: its database follows a rotation, and its standing is told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from zhikun.cli.screen import say
from zhikun.identity import KeyRing
from zhikun.identity.held import files_with_tokens
from zhikun.wording import _

if TYPE_CHECKING:
    from zhikun.jobs.models import Job


def set_up_platform(keys: Path, data: Path) -> bool:
    """Whether a platform belongs to this data folder; then it is ready to be asked. Raises Refused where it should be and is not."""
    if not os.environ.get("ZHIKUN_DATABASE") and not (data / "zhikun.sqlite3").exists():
        return False
    from zhikun.cli.django import ready  # noqa: PLC0415 - a data folder without a platform needs none of it

    os.environ["ZHIKUN_DATA"], os.environ["ZHIKUN_KEYS"] = str(data.absolute()), str(keys.absolute())
    ready(keys=False)
    return True


def lead_platform(ring: KeyRing, reason: str, *, indexes: bool) -> None:
    """The platform's rows and files are to follow the ring, in the background."""
    from zhikun.jobs.selectors import worker_age  # noqa: PLC0415 - after the settings are known
    from zhikun.web.renewal import ask_renewal  # noqa: PLC0415 - the same

    for job in ask_renewal(ring, indexes=indexes, reason=reason):
        say(_("平台的后台任务“{t}”：{s}。").format(t=job.title, s=job.get_state_display()))
    say(_("做完之前新旧密钥加密的都能读，平台照常使用。看进度：zhikun keys status"))
    if worker_age() is None:
        say(_("现在没有后台进程。请启动平台（zhikun serve），或运行 zhikun worker --once 做完它。"))


def say_folder(ring: KeyRing, data: Path) -> int:
    """The files of tokens by version; how many are left."""
    found: dict[int, int] = {}
    for _path, held in files_with_tokens(data):
        found[held.version] = found.get(held.version, 0) + 1
    say(_("数据文件夹 {d} 里用代码的文件：{v}").format(d=data, v=_versions(found, _("个文件"))))
    return sum(n for version, n in found.items() if version < ring.current)


def say_platform(ring: KeyRing) -> int:
    """The platform's rows and files by version, and its work; how many are left."""
    from zhikun.web.renewal import last_work, standing  # noqa: PLC0415 - after the settings are known

    left = 0
    say(_("平台里加密的内容："))
    for part in standing():
        unread = _("，另有 {n} 个认不出").format(n=part.standing.unread) if part.standing.unread else ""
        say(f"  {part.title}：{_versions(part.standing.versions, part.unit)}{unread}")
        left += part.standing.older_than(ring.current)
    for line in _works(last_work()):
        say(line)
    return left


def index_versions(ring: KeyRing) -> str:
    """In which versions blind indexes stand, in words."""
    *older, newest = ring.index_versions
    if not older:
        return _("盲索引：第 {n} 版").format(n=newest)
    return _("盲索引：正在换版，第 {v} 版都用来查找，新写入的用第 {n} 版").format(
        v="、".join(str(v) for v in sorted(ring.index_versions)), n=newest
    )


def _versions(found: dict[int, int], unit: str) -> str:
    said = [_("第 {v} 版 {n} {u}").format(v=v, n=f"{n:,}", u=unit) for v, n in sorted(found.items())]
    return "，".join(said) or _("没有")


def _works(jobs: list[Job]) -> Iterator[str]:
    for job in jobs:
        far = f" {job.percent}%" if job.percent is not None and not job.has_ended else ""
        said = job.error or str(job.result.get("text", ""))
        yield _("后台任务“{t}”：{s}{f}{e}").format(
            t=job.title, s=job.get_state_display(), f=far, e=f"。{said}" if said else ""
        )
