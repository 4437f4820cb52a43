"""Units of numbers: which may be added and compared, and what multiplication makes of them.

A unit is text such as 元/月. None is *free*: a literal, or a number that a literal was multiplied with. Counting units
(人, 户, 分, ...) say what is counted; in multiplication they behave as no unit.
"""

from __future__ import annotations

from collections import Counter

_COUNTS = "人 户 个 次 项 分 岁 处 头 只 辆 套 间 天 级 倍 % 种 份 人次 户次 系数 比例"
COUNTING = frozenset(["", *_COUNTS.split()])


def _powers(unit: str) -> Counter[str]:
    above, *below = unit.split("/")
    powers: Counter[str] = Counter()
    for sign, part in [(1, above), *((-1, part) for part in below)]:
        for name in part.split("·"):
            if name and name not in COUNTING:
                powers[name] += sign
    return Counter({name: power for name, power in powers.items() if power})


def _text(powers: Counter[str]) -> str:
    above = [name for name, power in powers.items() for _i in range(power)]
    below = [name for name, power in powers.items() for _i in range(-power)]
    return "/".join(["·".join(above), *below]) if below else "·".join(above)


def agree(left: str | None, right: str | None) -> bool:
    """Whether two numbers may be added or compared. A free unit agrees with all, no unit with any count."""
    if left is None or right is None or left == right:
        return True
    if left in COUNTING and right in COUNTING:
        return left == "" or right == ""
    return left not in COUNTING and right not in COUNTING and _powers(left) == _powers(right)


def either(left: str | None, right: str | None) -> str | None:
    """The unit of a sum or of the branches of a choice: the more definite of two that agree."""
    if left is None or left == "":
        return right if right is not None or left is None else left
    return left


def times(left: str | None, right: str | None) -> str | None:
    """The unit of a product: 元/月 * 月 = 元, 元/月 * 人 = 元/月, 人 * '' = 人."""
    if left is None or right is None:
        return None
    if left in COUNTING and right in COUNTING:
        return left if right == "" else right if left == "" else ""
    if right in COUNTING:
        return left
    if left in COUNTING:
        return right
    product = _powers(left)
    product.update(_powers(right))
    return _text(Counter({name: power for name, power in product.items() if power}))


def over(left: str | None, right: str | None) -> str | None:
    """The unit of a quotient: 元 / 元 = '', 元/月 / 人 = 元/月."""
    if left is None or right is None:
        return None
    if right in COUNTING:
        return "" if left == right else left
    quotient = _powers(left)
    quotient.subtract(_powers(right))
    return _text(Counter({name: power for name, power in quotient.items() if power}))
