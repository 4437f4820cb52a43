"""Click's own words in Chinese: it takes them from `_` in its modules, which we replace."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

CHINESE = {
    "%(prog)s, version %(version)s": "%(prog)s %(version)s 版",
    "(dynamic)": "（随情况）",
    "Aborted!": "已中断。",
    "Argument {name!r} takes {nargs} values.": "参数 {name} 要 {nargs} 个值。",
    "Choose from:\n\t{choices}": "可选：\n\t{choices}",
    "Choose from:\n\t{choices}.": "可选：\n\t{choices}。",
    "Commands": "命令",
    "Error: {message}": "错误：{message}",
    "Invalid value for {param_hint}: {message}": "{param_hint} 的值不对：{message}",
    "Invalid value: {message}": "值不对：{message}",
    "Missing argument": "缺少参数",
    "Missing command.": "缺少命令。",
    "Missing option": "缺少选项",
    "Missing parameter": "缺少参数",
    "Missing parameter: {param_name}": "缺少参数：{param_name}",
    "Missing {param_type}": "缺少{param_type}",
    "No such command {name!r}.": "没有命令 {name}。",
    "No such option {name!r}.": "没有选项 {name}。",
    "No such option: {name}": "没有选项 {name}",
    "Option {name!r} does not take a value.": "选项 {name} 不带值。",
    "Options": "选项",
    "Positional arguments": "参数",
    "Show the version and exit.": "显示版本后退出。",
    "Show this message and exit.": "显示这份帮助后退出。",
    "Try '{command} {option}' for help.": "运行 {command} {option} 看用法。",
    "Usage:": "用法：",
    "Usage: ": "用法：",
    "default: {default}": "默认：{default}",
    "deprecated": "已弃用",
    "directory": "文件夹",
    "file": "文件",
    "path": "路径",
    "required": "必填",
    "unknown error": "未知错误",
    "Could not open file {filename!r}: {message}": "打不开文件 {filename}：{message}",
    "{name} {filename!r} does not exist.": "{name} {filename} 不存在。",
    "{name} {filename!r} is a directory.": "{name} {filename} 是文件夹。",
    "{name} {filename!r} is a file.": "{name} {filename} 是文件。",
    "{name} {filename!r} is not readable.": "{name} {filename} 不可读。",
    "{name} {filename!r} is not writable.": "{name} {filename} 不可写。",
    "{value!r} is not a valid {number_type}.": "“{value}”不是{number_type}；请写阿拉伯数字，例如 1。",
    "{value!r} does not match the format {format}.": "{value} 不是 {format} 的样子。",
    "{value} is not in the range {range}.": "{value} 不在范围 {range} 之内。",
    "Got unexpected extra argument ({args})": "多出了参数（{args}）",
    "Option {name!r} requires an argument.": "选项 {name} 后面要写值。",
    "(Did you mean one of: {possibilities}?)": "是不是想写 {possibilities}中的一个？",
    "(Possible options: {possibilities})": "（可用的选项：{possibilities}）",
    "Did you mean {possibility}?": "是不是想写 {possibility}？",
    "Did you mean {possibility!r}?": "是不是想写 {possibility}？",
}
PLURALS = {
    "Got unexpected extra argument ({args})": "多出了参数（{args}）",
    "Option {name!r} requires an argument.": "选项 {name} 后面要写值。",
    "Option {name!r} requires {nargs} arguments.": "选项 {name} 后面要写 {nargs} 个值。",
    "{value!r} does not match the format {format}.": "{value} 不是 {format} 的样子，日期写成 2025-03-01。",
    "Did you mean {possibility}?": "是不是想写 {possibility}？",
    "Did you mean {possibility!r}?": "是不是想写 {possibility}？",
    "(Did you mean one of: {possibilities}?)": "是不是想写 {possibilities}中的一个？",
    "Possible option: {possibilities}": "可用的选项：{possibilities}",
    "(Possible options: {possibilities})": "（可用的选项：{possibilities}）",
    "{value!r} is not {choice}.": "{value} 不是 {choice}。",
    "{value!r} is not one of {choices}.": "{value} 不是 {choices} 之一。",
    "Takes {nargs} values but 1 was given.": "要 {nargs} 个值，只给了 1 个。",
}


def install() -> None:
    """Puts the Chinese words into Click's modules."""
    click.types.IntParamType.name = "整数"
    click.types.FloatParamType.name = "数字"
    for name, module in list(sys.modules.items()):
        if name == "click" or name.startswith("click."):
            for attribute, function in _FUNCTIONS.items():
                if hasattr(module, attribute):
                    setattr(module, attribute, function)


def one(message: str) -> str:
    """A message of Click in Chinese; as it is where we have no words for it."""
    return CHINESE.get(message, PLURALS.get(message, message))


def many(singular: str, plural: str, count: int) -> str:
    """The same for messages that Click counts: one possibility is a question, several are a choice."""
    wanted = (singular, plural) if count == 1 else (plural, singular)
    known = (words[message] for message in wanted for words in (PLURALS, CHINESE) if message in words)
    return next(known, wanted[0])


def joined(message: str) -> str:
    """Quoted words that Click strings together with Latin commas, with the Chinese one for lists."""
    return message.replace("”,“", "”、“").replace("”, “", "”、“")


_FUNCTIONS: dict[str, Callable[..., str]] = {"_": one, "ngettext": many}
