"""What the platform is told from outside: environment variables, checked at start, every fault at once.

One table names each variable, what it is for and what it is when nobody says. `read` answers with values or raises
`EnvironmentFaults`, whose text is for the person who starts the server.
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from zhikun.disk import private_folder
from zhikun.wording import _, did_you_mean

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
    further_packs: list[str]
    name: str
    secret: str
    origins: list[str]
    proxies: frozenset[str]
    idle_minutes: int
    cipher: str
    metrics_token: str
    log: Path | None


@dataclass(frozen=True)
class Variable:
    """One environment variable: what it is for, and what holds when it is not set. docs/reference/platform.md lists them."""

    name: str
    what: str
    otherwise: str


VARIABLES = (
    Variable("ZHIKUN_DATA", _("数据文件夹：文件、照片、名单和筛查结果，以及没有另设数据库时的数据库"), _("当前文件夹下的 build/data")),
    Variable("ZHIKUN_KEYS", _("密钥文件，必须在数据文件夹之外"), "~/.config/zhikun/keys.json"),
    Variable("ZHIKUN_SECRET_FILE", _("会话密钥文件，第一次启动时自动建立"), _("密钥文件旁边的 web-secret")),
    Variable("ZHIKUN_DATABASE", _("数据库：postgresql://用户@主机:端口/库名，或 sqlite:///文件"), _("数据文件夹里的 zhikun.sqlite3")),
    Variable("ZHIKUN_HOSTS", _("浏览器可以用哪些主机名访问，逗号分隔"), "localhost,127.0.0.1,[::1]"),
    Variable("ZHIKUN_ORIGINS", _("在反向代理后面时，浏览器看到的网址（https://…），逗号分隔"), _("无")),
    Variable("ZHIKUN_HTTPS", _("浏览器经 HTTPS 访问：1 是，0 否。是则 Cookie 只经加密连接发送"), "0"),
    Variable("ZHIKUN_PROXIES", _("反向代理的地址，逗号分隔；只相信它们转来的访问者地址"), _("无")),
    Variable("ZHIKUN_NAME", _("页面上显示的平台名称"), _("知困·社会救助综合服务平台")),
    Variable("ZHIKUN_PLATFORM_PACK", _("平台使用的政策包"), "yuanzhou"),
    Variable("ZHIKUN_FURTHER_PACKS", _("评估时还可以选用的政策包，逗号分隔；登记和调查仍按平台使用的政策包"), _("无")),
    Variable("ZHIKUN_IDLE_MINUTES", _("多少分钟没有操作须重新登录，5 到 480"), "20"),
    Variable("ZHIKUN_CIPHER", _("新写入的个人信息用哪种算法加密：aes-256-gcm 或 sm4-gcm"), "aes-256-gcm"),
    Variable("ZHIKUN_METRICS_TOKEN", _("从别的机器读取运行指标 /metrics 时要出示的口令，至少 16 个字符"), _("无：只能从本机读取")),
    Variable("ZHIKUN_LOG", _("日志写到哪个文件；不写则输出到标准错误"), _("标准错误")),
    Variable("ZHIKUN_DEBUG", _("开发时用：1 显示出错细节。正式使用必须为 0"), "0"),
    Variable("ZHIKUN_PACK", _("命令行 lists、match、monitor 默认使用的政策包"), "gansu"),
    Variable("ZHIKUN_PACKS", _("政策包在哪个文件夹"), _("程序自带的 packs")),
    Variable("ZHIKUN_ENDPOINT_TOKEN", _("命令行从部门接口取名单时出示的口令"), _("无")),
)  # fmt: skip


def read(variables: Mapping[str, str] | None = None) -> Environment:
    """The environment as it is now. Makes the data folder and, the first time, the secret beside the key ring."""
    given = os.environ if variables is None else variables
    faults = _unknown(given)

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
        "further_packs": take("ZHIKUN_FURTHER_PACKS", "", _packs),
        "name": take("ZHIKUN_NAME", _("知困·社会救助综合服务平台"), str.strip),
        "origins": take("ZHIKUN_ORIGINS", "", _origins),
        "proxies": take("ZHIKUN_PROXIES", "", _addresses),
        "idle_minutes": take("ZHIKUN_IDLE_MINUTES", "20", _number(5, 480)),
        "cipher": take("ZHIKUN_CIPHER", "aes-256-gcm", _one_of("aes-256-gcm", "sm4-gcm")),
        "metrics_token": take("ZHIKUN_METRICS_TOKEN", "", _token),
        "log": take("ZHIKUN_LOG", "", _log_file),
        "secret": "",
    }
    if keys is not None:
        values["secret"] = take("ZHIKUN_SECRET_FILE", str(keys.parent / "web-secret"), _secret)
    if faults:
        raise EnvironmentFaults(faults)
    return Environment(**values)


def _unknown(given: Mapping[str, str]) -> list[str]:
    """A variable with a slip in its name would be left out in silence: HTTPS asked for and not switched on."""
    known = [variable.name for variable in VARIABLES]
    return [
        _("{name}：没有这个环境变量。{near}").format(name=name, near=did_you_mean(name, known))
        for name in sorted(given)
        if name.startswith("ZHIKUN_") and name not in known
    ]


def _folder(text: str) -> Path:
    path = Path(text).expanduser().absolute()
    try:
        private_folder(path)
    except OSError as error:
        raise ValueError(
            _("建不了数据文件夹 {p}（{why}）。请换一个有权限写的位置。").format(p=path, why=error.strerror)
        ) from None
    return path


def uploads(data: Path) -> Path:
    """Where files under way from a browser lie in plain text: readable to the platform alone, never the common /tmp."""
    path = data / "uploads"
    with suppress(OSError):  # a data folder that cannot be written to is said in words before the platform serves
        private_folder(path).chmod(0o700)
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
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/") or not _has_port(parts):
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


def _has_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[,\s，]+", text) if word]


def _origins(text: str) -> list[str]:
    found = _words(text)
    for one in found:
        if not re.fullmatch(r"https?://[^/\s]+", one):
            raise ValueError(_("“{t}”不是网址的开头。请写成 https://主机名，后面不带斜杠。").format(t=one))
    return found


def _addresses(text: str) -> frozenset[str]:
    found = _words(text)
    for one in found:
        try:
            ipaddress.ip_address(one)
        except ValueError:
            raise ValueError(_("“{t}”不是网络地址。请写反向代理的 IP 地址，如 127.0.0.1。").format(t=one)) from None
    return frozenset(found)


def _number(least: int, most: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if not text.strip().isdecimal() or not least <= int(text) <= most:
            raise ValueError(_("应为 {a} 到 {b} 的整数，写的是“{t}”。").format(a=least, b=most, t=text))
        return int(text)

    return convert


def _one_of(*words: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if text not in words:
            raise ValueError(_("应为 {w} 之一，写的是“{t}”。").format(w="、".join(words), t=text))
        return text

    return convert


def _token(text: str) -> str:
    if text and len(text) < 16:
        raise ValueError(_("口令太短，容易被猜到。请用至少 16 个字符。"))
    return text


def _log_file(text: str) -> Path | None:
    if not text:
        return None
    path = Path(text).expanduser().absolute()
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError as error:
        raise ValueError(_("写不了日志文件 {p}（{why}）。").format(p=path, why=error.strerror)) from None
    return path


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


def _packs(text: str) -> list[str]:
    return [_pack(word) for word in _words(text)]
