"""Text of a formula -> tree of words. Nothing outside this grammar parses (docs/decisions/0003).

expression  = or
or          = and { OR and }
and         = not { AND not }
not         = NOT not | comparison
comparison  = sum [ (= | <> | < | <= | > | >=) sum | [NOT] IN ( literal, ... ) | BETWEEN sum AND sum ]
sum         = product { (+ | -) product }
product     = sign { (* | /) sign }
sign        = - sign | atom
atom        = number | 'code' | TRUE | FALSE | name | entity.name | FUNCTION(expression, ...) | ( expression )
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from zhikun.wording import _

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<code>'[^']*')|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?)"
    r"|(?P<sign><=|>=|<>|[-+*/=<>(),]))"
)
_WORDS = frozenset({"AND", "OR", "NOT", "IN", "BETWEEN", "TRUE", "FALSE"})
_COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})
MAX_DEPTH = 60
MAX_HEIGHT = 120  # what the walks over a formula's tree may recurse


class FormulaError(Exception):
    """A formula that cannot be used: what is wrong, at which character, and the way out."""

    def __init__(self, text: str, position: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.position = position


@dataclass(frozen=True, slots=True)
class Word:
    """A node of the untyped tree. `op` is number code truth name call, or an operator; `text` its literal or name."""

    op: str
    text: str
    args: tuple[Word, ...]
    position: int


def parse(text: str) -> Word:
    """The tree of a formula; FormulaError says at which character and why it does not parse."""
    return _Parser(text).whole()


class _Parser:
    """One pass, precedence climbing by methods; tokens are (kind, text, position)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._tokens())
        self.index = 0
        self.depth = 0

    def _tokens(self) -> list[tuple[str, str, int]]:
        found = []
        position = 0
        end = len(self.text.rstrip())
        while position < end:
            match = _TOKEN.match(self.text, position)
            if match is None:
                start = position + len(self.text[position:]) - len(self.text[position:].lstrip())
                raise FormulaError(
                    _(
                        "第 {n} 个字符“{c}”不能出现在公式里；公式只用数字、'代码'、名称、+ - * / = <> < <= > >= 和括号。"
                    ).format(n=start + 1, c=self.text[start]),
                    start,
                )
            kind = match.lastgroup or ""
            word, start = match.group(kind), match.start(kind)
            if kind == "name" and word.upper() in _WORDS:
                if word != word.upper():
                    raise FormulaError(_("“{w}”要写成大写“{u}”。").format(w=word, u=word.upper()), start)
                kind = "word"
            found.append((kind, word, start))
            position = match.end()
        return [*found, ("end", "", end)]

    def whole(self) -> Word:
        if self.tokens[0][0] == "end":
            raise FormulaError(_("公式是空的。"))
        tree = self.either()
        if self.tokens[self.index][0] != "end":
            self._unexpected()
        if _height(tree) > MAX_HEIGHT:
            raise FormulaError(_("公式太长：连写超过 {n} 项；请把中间结果写成单独的规则。").format(n=MAX_HEIGHT))
        return tree

    def _unexpected(self, expected: str = "") -> NoReturn:
        kind, word, position = self.tokens[self.index]
        what = _("公式在这里就结束了") if kind == "end" else _("不该出现“{w}”").format(w=word)
        hint = _("，这里应当是{e}").format(e=expected) if expected else ""
        raise FormulaError(
            _("第 {n} 个字符：{what}{hint}。").format(n=position + 1, what=what, hint=hint),
            position,
        )

    def _accept(self, *words: str) -> str | None:
        kind, word, _position = self.tokens[self.index]
        if kind in ("sign", "word") and word in words:
            self.index += 1
            return word
        return None

    def _demand(self, word: str) -> None:
        if self._accept(word) is None:
            self._unexpected(_("“{w}”").format(w=word))

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FormulaError(_("公式嵌套超过 {n} 层；请把中间结果写成单独的规则。").format(n=MAX_DEPTH))

    def either(self) -> Word:
        self._deeper()
        left = self.both()
        while (position := self.tokens[self.index][2]) is not None and self._accept("OR"):
            left = Word("OR", "", (left, self.both()), position)
        self.depth -= 1
        return left

    def both(self) -> Word:
        left = self.negated()
        while (position := self.tokens[self.index][2]) is not None and self._accept("AND"):
            left = Word("AND", "", (left, self.negated()), position)
        return left

    def negated(self) -> Word:
        position = self.tokens[self.index][2]
        if self._accept("NOT"):
            self._deeper()
            tree = Word("NOT", "", (self.negated(),), position)
            self.depth -= 1
            return tree
        return self.comparison()

    def comparison(self) -> Word:
        left = self.sum()
        position = self.tokens[self.index][2]
        if sign := self._accept(*_COMPARISONS):
            right = self.sum()
            if self.tokens[self.index][1] in _COMPARISONS:
                raise FormulaError(_("比较不能连写；请写成 a < b AND b < c。"), self.tokens[self.index][2])
            return Word(sign, "", (left, right), position)
        if self._accept("BETWEEN"):
            low = self.sum()
            self._demand("AND")
            return Word("BETWEEN", "", (left, low, self.sum()), position)
        if self._accept("IN"):
            return Word("IN", "", (left, *self._options()), position)
        if self.tokens[self.index][1] == "NOT" and self.tokens[self.index + 1][1] == "IN":
            self.index += 2
            return Word("NOT", "", (Word("IN", "", (left, *self._options()), position),), position)
        return left

    def _options(self) -> tuple[Word, ...]:
        self._demand("(")
        options = [self.sum()]
        while self._accept(","):
            options.append(self.sum())
        self._demand(")")
        return tuple(options)

    def sum(self) -> Word:
        left = self.product()
        position = self.tokens[self.index][2]
        while sign := self._accept("+", "-"):
            left = Word(sign, "", (left, self.product()), position)
            position = self.tokens[self.index][2]
        return left

    def product(self) -> Word:
        left = self.signed()
        position = self.tokens[self.index][2]
        while sign := self._accept("*", "/"):
            left = Word(sign, "", (left, self.signed()), position)
            position = self.tokens[self.index][2]
        return left

    def signed(self) -> Word:
        position = self.tokens[self.index][2]
        if self._accept("-"):
            self._deeper()
            tree = Word("minus", "", (self.signed(),), position)
            self.depth -= 1
            return tree
        return self.atom()

    def atom(self) -> Word:
        kind, word, position = self.tokens[self.index]
        if kind == "sign" and word == "(":
            self.index += 1
            tree = self.either()
            self._demand(")")
            return tree
        if kind == "number":
            self.index += 1
            return Word("number", word, (), position)
        if kind == "code":
            self.index += 1
            return Word("code", word[1:-1], (), position)
        if kind == "word" and word in ("TRUE", "FALSE"):
            self.index += 1
            return Word("truth", word, (), position)
        if kind == "name":
            self.index += 1
            if self._accept("("):
                return Word("call", word, self._arguments(), position)
            return Word("name", word, (), position)
        return self._unexpected(_("数字、名称、'代码'或括号"))

    def _arguments(self) -> tuple[Word, ...]:
        if self._accept(")"):
            return ()
        arguments = [self.either()]
        while self._accept(","):
            arguments.append(self.either())
        self._demand(")")
        return tuple(arguments)


def _height(tree: Word) -> int:
    height, level = 0, [tree]
    while level:
        height, level = height + 1, [arg for word in level for arg in word.args]
    return height


def names_in(tree: Word) -> frozenset[str]:
    """Every name a formula mentions, as written (`x`, `member.x`)."""
    found = {tree.text} if tree.op == "name" else set()
    for arg in tree.args:
        found |= names_in(arg)
    return frozenset(found)
