"""The `zhikun` command.

Exit codes: 0 done; 1 done, and something awaits correction (rejected households, failed cases, faults in a pack);
2 the command was written wrongly; 3 the input cannot be read at all; 4 the pack or its rules cannot be used;
5 a document could not be written; 130 interrupted.
"""

from __future__ import annotations

import sys

import click

from zhikun.cli import words
from zhikun.cli.assess import assess, whatif
from zhikun.cli.demo import demo
from zhikun.cli.packs import packs
from zhikun.cli.screen import Refused
from zhikun.cli.survey import survey
from zhikun.wording import _

words.install()


@click.group(help=_("知困：社会救助精准评估。规则是数据，每个数字都能打开，机器只提建议。"))
@click.version_option(package_name="zhikun", prog_name="zhikun", help=_("显示版本"))
def commands() -> None:
    """The root of all commands."""


for command in (packs, survey, assess, whatif, demo):
    commands.add_command(command)


def main() -> None:
    """Entry point of the `zhikun` command."""
    try:
        code = commands(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except Refused as error:
        click.echo(str(error), err=True)
        code = error.code
    except (click.Abort, KeyboardInterrupt):
        click.echo(_("已中断；没有写完的文件可以删去，重新运行即可。"), err=True)
        code = 130
    sys.exit(code if isinstance(code, int) else 0)
