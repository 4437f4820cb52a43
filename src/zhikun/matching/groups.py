"""Records that belong together, by union of pairs; the smallest id stands for its group."""

from __future__ import annotations


class Groups:
    """Disjoint sets of texts."""

    def __init__(self) -> None:
        self._up: dict[str, str] = {}

    def find(self, item: str) -> str:
        root = item
        while (above := self._up.get(root, root)) != root:
            root = above
        while (above := self._up.get(item, item)) != root:
            self._up[item] = root
            item = above
        return root

    def join(self, left: str, right: str) -> None:
        first, second = sorted((self.find(left), self.find(right)))
        self._up[second] = first
