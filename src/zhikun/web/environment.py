"""What the platform is told from outside: environment variables, checked at start, every fault at once.

One table names each variable, what it is for and what it is when nobody says. `read` answers with values or raises
`EnvironmentFaults`, whose text is for the person who starts the server.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from zhikun.disk import private_folder
from zhikun.wording import _

_YES = {"1", "true", "yes", "on", "是"}
_NO = {"0", "false", "no", "off", "否", ""}
_SECRET = re.compile(r"[0-9a-f]{64}")


class EnvironmentFaults(Exception):
    """What is wrong with the environment variables, one sentence each."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__(_("环境变量有 {n} 处要改正：").format(n=len(faults)) + "\n" + "\n".join(faults))


@dataclass(frozen=True)
class Environment:
    """The platform's environment: where data lie, which database, who may reach it, which pack is in force."""

    data: Path
    keys: Path
    database: dict[str, Any]
    hosts: list[str]
    https: bool
    debug: bool
    pack: str
    name: str
    secret: str
    origins: list[str]


def read(variables: Mapping[str, str] | None = None) -> Environment:
    """The environment as it is now. Makes the data folder and, the first time, the secret beside the key ring."""
    given = os.environ if variables is None else variables
    faults: list[str] = []

    def take(name: str, otherwise: str, convert: Callable[[str], Any]) -> Any:
        try:
            return convert(given.get(name, otherwise))
        except ValueError as error:
            faults.append(_("{name}：{why}").format(name=name, why=error))
            return None

    data = take("ZHIKUN_DATA", str(Path.cwd() / "build" / "data"), _folder)
    keys = take("ZHIKUN_KEYS", str(Path.home() / ".config" / "zhikun" / "keys.json"), _outside(data))
    values: dict[str, Any] = {
        "data": data,
        "keys": keys,
        "database": take("ZHIKUN_DATABASE", "", lambda text: _database(text, data)),
        "hosts": take("ZHIKUN_HOSTS", "localhost,127.0.0.1,[::1]", _words),
        "https": take("ZHIKUN_HTTPS", "", _yes),
        "debug": take("ZHIKUN_DEBUG", "", _yes),
        "pack": take("ZHIKUN_PLATFORM_PACK", "yuanzhou", _pack),
        "name": take("ZHIKUN_NAME", _("知困·社会救助综合服务平台"), str.strip),
        "origins": take("ZHIKUN_ORIGINS", "", _words),
        "secret": "",
    }
    if keys is not None:
        values["secret"] = take("ZHIKUN_SECRET_FILE", str(keys.parent / "web-secret"), _secret)
    if faults:
        raise EnvironmentFaults(faults)
    return Environment(**values)


def _folder(text: str) -> Path:
    path = Path(text).expanduser().absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            _("建不了数据文件夹 {p}（{why}）。请换一个有权限写的位置。").format(p=path, why=error.strerror)
        ) from None
    return path


def _outside(data: Path | None) -> Callable[[str], Path]:
    def convert(text: str) -> Path:
        path = Path(text).expanduser().absolute()
        if data is not None and path.is_relative_to(data):
            raise ValueError(
                _("密钥文件 {p} 在数据文件夹里面：谁拿到备份就能读出全部个人信息。请把它放到别处。").format(p=path)
            )
        return path

    return convert


def _database(text: str, data: Path | None) -> dict[str, Any]:
    if not text:
        return {"kind": "sqlite", "path": (data or Path()) / "zhikun.sqlite3"}
    parts = urlsplit(text)
    if parts.scheme == "sqlite":
        return {"kind": "sqlite", "path": Path(unquote(parts.path)[1:] if parts.netloc == "" else text)}
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ValueError(
            _("“{t}”不是数据库地址。请写 postgresql://用户@主机:端口/库名，或 sqlite:///文件；不写则用数据文件夹里的 SQLite。")
            .format(t=parts.scheme)
        )  # fmt: skip
    return {
        "kind": "postgresql",
        "name": unquote(parts.path.strip("/")),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "host": unquote(parts.hostname or ""),
        "port": str(parts.port or ""),
    }


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[,\s，]+", text) if word]


def _yes(text: str) -> bool:
    word = text.strip().lower()
    if word not in _YES | _NO:
        raise ValueError(_("应为 1（是）或 0（否），写的是“{t}”。").format(t=text))
    return word in _YES


def _pack(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
        raise ValueError(_("应为政策包的名字（如 yuanzhou），写的是“{t}”。").format(t=text))
    return text


def _secret(text: str) -> str:
    """The secret with which sessions are signed: made once, kept beside the key ring, never in the database."""
    path = Path(text).expanduser().absolute()
    try:
        private_folder(path.parent)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
        except FileExistsError:
            pass
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(_("读不了会话密钥文件 {p}（{why}）。请检查权限。").format(p=path, why=error)) from None
    if not _SECRET.fullmatch(secret):
        raise ValueError(_("会话密钥文件 {p} 已损坏。删除它会使所有人重新登录，数据不受影响。").format(p=path))
    return secret
