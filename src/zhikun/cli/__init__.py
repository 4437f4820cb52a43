"""The `zhikun` command.

Exit codes: 0 done; 1 done, and something awaits correction (rejected households, failed cases, faults in a pack);
2 the command was written wrongly; 3 the input cannot be read at all; 4 the pack or its rules cannot be used;
5 a document could not be written; 130 interrupted.
"""

from __future__ import annotations

import os
import re
import sys

import click

from zhikun.cli import words
from zhikun.cli.assess import assess
from zhikun.cli.demo import demo
from zhikun.cli.packs import packs
from zhikun.cli.screen import Refused
from zhikun.cli.survey import survey
from zhikun.cli.whatif import whatif
from zhikun.wording import _

words.install()


@click.group(help=_("知困：社会救助精准评估。规则是数据，每个数字都能打开，机器只提建议。"))
@click.version_option(package_name="zhikun", prog_name="zhikun", help=_("显示版本"))
def commands() -> None:
    """The root of all commands."""


for command in (packs, survey, assess, whatif, demo):
    commands.add_command(command)


def _in_chinese(command: click.Command) -> None:
    """The parts of a usage line that Click writes for every command."""
    command.options_metavar = _("[选项]")
    if isinstance(command, click.Group):
        command.subcommand_metavar = _("命令 [参数]...")
        for child in command.commands.values():
            _in_chinese(child)


_in_chinese(commands)


def main() -> None:
    """Entry point of the `zhikun` command."""
    try:
        code = commands(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = error.exit_code
    except click.ClickException as error:
        _show(error)
        code = error.exit_code
    except Refused as error:
        click.echo(str(error), err=True)
        code = error.code
    except BrokenPipeError:  # the reader of our lines went away: `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 130
    except (click.Abort, KeyboardInterrupt):
        click.echo(_("已中断，没有写出结果；重新运行即可。"), err=True)
        code = 130
    sys.exit(code if isinstance(code, int) else 0)


def _show(error: click.ClickException) -> None:
    """What is wrong with the command, how it is used, where its help is."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
        click.echo(_("运行 {c} --help 看用法。").format(c=error.ctx.command_path), err=True)
    click.echo(_("错误：{m}").format(m=_chinese(error.format_message())), err=True)


def _chinese(message: str) -> str:
    """A sentence of Click with our quotation marks and full stop."""
    text = re.sub(r" ?'([^']*)'", r"“\1”", message.strip()).removesuffix(".").replace("。 ", "。")
    return text if text.endswith(("。", "？", "）")) else text + "。"
