"""Join paths along foreign keys: what a rule can restore, the student need not say."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from bot.schema import Schema


@dataclass(frozen=True, slots=True)
class Hop:
    """One foreign key walked from its owner (`child`) to the table it points at (`parent`)."""

    child: str
    columns: tuple[str, ...]
    parent: str
    ref_columns: tuple[str, ...]


class JoinGraph:
    """The foreign keys of a schema as a directed graph, child → parent."""

    def __init__(self, schema: Schema) -> None:
        self._out: dict[str, list[Hop]] = {t.name: [] for t in schema.tables}
        for table in schema.tables:
            for key in table.foreign_keys:
                if key.ref_table != table.name and schema.table(key.ref_table):
                    self._out[table.name].append(Hop(table.name, key.columns, key.ref_table, key.ref_columns))

    def hops(self, child: str) -> list[Hop]:
        """The foreign keys of one table."""
        return self._out.get(child, [])

    def path(self, root: str, target: str) -> list[Hop] | None:
        """The shortest way from `root` up to `target`; None when there is none or more than one shortest."""
        best: list[list[Hop]] = []
        queue: deque[tuple[str, list[Hop]]] = deque([(root, [])])
        while queue:
            table, walked = queue.popleft()
            if best and len(walked) >= len(best[0]):
                break
            for hop in self.hops(table):
                if any(hop.parent == h.child for h in walked):
                    continue
                if hop.parent == target:
                    best.append([*walked, hop])
                else:
                    queue.append((hop.parent, [*walked, hop]))
        return best[0] if len(best) == 1 else None

    def tree(self, root: str, targets: list[str]) -> list[Hop] | None:
        """The hops that join every target to `root`, each table once; None when one cannot be reached."""
        hops: list[Hop] = []
        joined = {root: None}
        for target in targets:
            if target in joined:
                continue
            path = self.path(root, target)
            if path is None:
                return None
            for hop in path:
                if hop.parent not in joined:
                    joined[hop.parent] = None
                    hops.append(hop)
                elif hop not in hops:
                    return None  # the table is there already, by another key
        return hops
