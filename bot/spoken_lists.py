"""A SELECT that lists rows: "name and city of customers in Germany", "the 5 products with the highest price"."""

from __future__ import annotations

from sqlglot import exp

from bot.expression_parts import stripped
from bot.nouns import nth, plural
from bot.spoken_comparisons import superlative
from bot.spoken_names import PEOPLE, listed
from bot.spoken_select import Said


class Lists(Said):
    """Words for rows."""

    def words(self) -> str:
        limit, order = self._number("limit"), self.select.args.get("order")
        head, alone = self._columns()
        simple = not any(p.place not in ("before", "in") for p in self.phrases if p.source == self.root)
        best = superlative(order.expressions[0], self.values, self.select) if order else ""
        first = stripped(order.expressions[0]) if order else None
        shown = first is not None and not alone and self._only(first)
        neat = bool(limit and order and len(order.expressions) == 1 and simple)
        neat = neat and not (shown and (limit != 1 or not isinstance(first, exp.Column)))
        if neat:
            rows = self.rows(one=limit == 1)
            skipped = self._number("offset")
            best = f"{nth(skipped + 1)} {best}" if limit == 1 and skipped else best
            rows = f"{rows} with the {best}" if limit == 1 else f"{limit} {rows} with the {best}"
            rows = rows if alone else f"the {rows}"
        else:
            rows = self.rows()
        if not alone and len(self.items) == 1 and limit != 1 and not any(
            p.place == "name" and p.source == self.root for p in self.phrases
        ):
            head = self._plural_item(self.items[0], head)
        words = rows if alone else f"{head} of {rows}"
        parts = [words, *self.others()]
        parts += ["each once"] if self.select.args.get("distinct") else []
        parts += [self.test_text(p) for p in self.having]
        ends = [self._offset() if limit != 1 else ""] if neat else [self._order(), self._limit()]
        parts += [*self._tail(), *ends]
        if span := self.span():
            parts[0] += f" {span}"
        return ", ".join(filter(None, parts))

    def _columns(self) -> tuple[str, bool]:
        """The columns of a list; and whether they only name its rows."""
        names = [stripped(i) for i in self.items]
        people = [n for n in names if isinstance(n, exp.Column) and n.name in PEOPLE]
        both = {n.table for n in people if sum(p.table == n.table for p in people) == 2}
        texts = self._texts(self.items)
        own = all(isinstance(n, exp.Column) and n.table == self.root and self._is_label(n) for n in names)
        alone = own and ((len(names) == 1 and not people) or (len(names) == 2 and bool(both)))
        root = self.names.noun(self.root, self.select) if self.root else ""
        return listed(["name" if t == root else t for t in texts]), alone

    def _plural_item(self, item: exp.Expr, words: str) -> str:
        node = stripped(item)
        if isinstance(node, exp.Column):
            return self.names.nouns(node.table, self.select) if self._is_label(node) else plural(words)
        return "names" if words == "name" else words
