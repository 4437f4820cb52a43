"""The `zhikun` command.

Every command ends with one of EXIT_CODES.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, MutableMapping
from importlib import import_module

import click

from zhikun.cli import words
from zhikun.cli.screen import Refused, aside
from zhikun.wording import _

words.install()

EXIT_CODES = {
    0: _("完成"),
    1: _("完成，但有要改正的：有户或行退回、有名单待核或没到、有行等人核对、有案例不符、政策包有错"),
    2: _("命令写错了：缺少或多出参数、选项的值不对"),
    3: _("读不了输入：不是工作簿、有密码、缺表头、没有这一户"),
    4: _("政策包或规则不能用：没有这个包、没有这份名单或这一期、评估日太早、换的标准不对"),
    5: _("写不了结果：没有权限、磁盘已满、文件正被打开"),
    6: _("平台不能用：环境变量、密钥、数据库有问题，或备份与恢复没有通过检查"),
    130: _("被中断，没有写出结果"),
}


#: The commands in the order of the help, each in the module of its name or of MODULES: only the one that is called is imported.
NAMES = (
    "packs", "survey", "assess", "whatif", "measure", "lists", "match", "monitor", "workdays", "keys", "audit", "demo", "serve", "worker",
    "migrate", "areas", "accounts", "registry", "manage", "backup", "backup-check", "restore",
)  # fmt: skip
#: Commands that our own processes start.
HIDDEN = ("inspect-copy",)
#: The commands of the platform stand several in a module.
MODULES = {
    "serve": "server", "worker": "server", "migrate": "database", "manage": "database", "backup": "backups",
    "backup-check": "backups", "restore": "backups", "inspect-copy": "backups", "areas": "office", "accounts": "office",
}  # fmt: skip


class _Commands(MutableMapping[str, click.Command]):
    """The commands by name, imported when they are asked for: the one command a process runs starts in half the time."""

    def __init__(self) -> None:
        self._known: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._known:
            if name not in (*NAMES, *HIDDEN):
                raise KeyError(name)
            module = import_module(f"zhikun.cli.{MODULES.get(name, name)}")
            words.install()  # Click may have loaded more of itself
            command = getattr(module, name.replace("-", "_"))
            _in_chinese(command)
            self._known[name] = command
        return self._known[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._known[name] = command

    def __delitem__(self, name: str) -> None:
        del self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*NAMES, *self._known]))

    def __len__(self) -> int:
        return len({*NAMES, *self._known})


@click.group(help=_("知困：社会救助精准评估。规则是数据，每个数字都能打开，机器只提建议。"))
@click.version_option(package_name="zhikun", prog_name="zhikun", help=_("显示版本"))
def commands() -> None:
    """The root of all commands."""


def _in_chinese(command: click.Command) -> None:
    """The parts of a usage line that Click writes for every command."""
    command.options_metavar = _("[选项]")
    if isinstance(command, click.Group):
        command.subcommand_metavar = _("命令 [参数]...")
        for child in command.commands.values():
            _in_chinese(child)


_in_chinese(commands)
commands.commands = _Commands()


def main() -> None:
    """Entry point of the `zhikun` command."""
    try:
        code = commands(prog_name="zhikun", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = error.exit_code
    except click.ClickException as error:
        _show(error)
        code = error.exit_code
    except Refused as error:
        aside(str(error))
        code = error.code
    except (click.Abort, KeyboardInterrupt):
        click.echo(_("已中断，没有写出结果；重新运行即可。"), err=True)
        code = 130
    sys.exit(code if isinstance(code, int) else 0)


def _show(error: click.ClickException) -> None:
    """What is wrong with the command, how it is used, where its help is."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
        click.echo(_("运行 {c} --help 看用法。").format(c=error.ctx.command_path), err=True)
    aside(_("错误：{m}").format(m=_chinese(error.format_message())))


def _chinese(message: str) -> str:
    """A sentence of Click with our quotation marks and full stop."""
    text = words.joined(re.sub(r" ?'([^']*)'", r"“\1”", message.strip())).removesuffix(".").replace("。 ", "。")
    return text if text.endswith(("。", "？", "）")) else text + "。"
