"""Full SQL → the student's short form, the inverse of `bot.shorthand`: what a rule restores is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from bot.canonical import canonicalize, own_nodes, owner, sources
from bot.shorthand import LABELS, Shorthand, ShorthandError, outer_names
from kd_training.derived import drop_aliases, inline_ctes, name_derived


def shorten(sql: str, shorthand: Shorthand) -> str:
    """The short form of `sql` (SQLite's dialect, placeholders as `:name`).

    Periods are given as `:d0`/`:d1` pairs (or `:dN_first`/`:dN_after`) and come back as one `:d0`.
    Whether `shorthand.expand` restores the same result is for the caller to check by running both.
    Raises CanonicalError.
    """
    tree = canonicalize(sql, shorthand.schema)
    for select in list(tree.find_all(exp.Select)):
        _expand_order_aliases(select)
    inline_ctes(tree)
    for number, source in enumerate(tree.find_all(exp.Subquery)):
        if isinstance(source.parent, exp.From | exp.Join) and not source.alias:
            source.set("alias", exp.TableAlias(this=exp.to_identifier(f"derived_{number}")))
    name_derived(tree)
    for select in reversed(list(tree.find_all(exp.Select))):
        _boolean_sums(select)
        _dates(select)
        _terms(select, shorthand)
        _group(select, shorthand)
    for select in list(tree.find_all(exp.Select)):
        _joins(select, shorthand)
    drop_aliases(tree)
    return tree.sql("sqlite")


def _expand_order_aliases(select: exp.Select) -> None:
    """ORDER BY, GROUP BY and HAVING over an alias of the select list get the expression itself."""
    named = {i.alias: i.this for i in select.expressions if isinstance(i, exp.Alias)}
    for part in ("order", "group", "having", "where"):
        node = select.args.get(part)
        for column in list(node.find_all(exp.Column)) if node else []:
            if not column.args.get("table") and column.name in named and owner(column) is select:
                expression = named[column.name].copy()
                wrap = isinstance(expression, exp.Binary) and isinstance(column.parent, exp.Binary)
                column.replace(exp.paren(expression) if wrap else expression)


def _boolean_sums(select: exp.Select) -> None:
    """SUM(CASE WHEN c THEN 1 END) counts like the form with ELSE 0: one form for both."""
    for case in own_nodes(select, exp.Case):
        if case.args.get("default") is None and isinstance(case.parent, exp.Sum):
            case.set("default", exp.Literal.number(0))


def _dates(select: exp.Select) -> None:
    where = select.args.get("where")
    roots = [where] if where else []
    roots += [*own_nodes(select, exp.If), *(select.args.get("joins") or [])]
    having = select.args.get("having")
    if having:
        roots.append(having)
    for root in roots:
        key = "on" if isinstance(root, exp.Join) else "this"
        condition = root.args.get(key)
        if condition is None:
            continue
        parts = list(conjuncts(condition))
        merged = _merge_periods(parts)
        if len(merged) != len(parts):
            root.set(key, exp.and_(*merged, copy=False, wrap=True))
    for _ in range(2):  # what one pass writes may lose its parentheses in the next
        for node in list(own_nodes(select, exp.Expr)):
            replacement = _bucket(node)
            if replacement is not None:
                node.replace(replacement)


def _merge_periods(parts: list[exp.Expr]) -> list[exp.Expr]:
    merged: list[exp.Expr] = []
    skip: set[int] = set()
    for i, part in enumerate(parts):
        if i in skip:
            continue
        if isinstance(part, exp.GTE) and isinstance(part.expression, exp.Placeholder):
            first = part.expression.name
            for j, other in enumerate(parts):
                if (
                    isinstance(other, exp.LT)
                    and isinstance(other.expression, exp.Placeholder)
                    and other.this == part.this
                    and _pair(first, other.expression.name)
                ):
                    skip.add(j)
                    slot = exp.Placeholder(this=f"d{int(first[1:]) // 2}")
                    part = exp.EQ(this=part.this.copy(), expression=slot)
                    break
        merged.append(part)
    return merged


def _pair(first: str, after: str) -> bool:
    numbered = first[:1] == "d" and after[:1] == "d" and first[1:].isdigit() and after[1:].isdigit()
    return numbered and int(first[1:]) % 2 == 0 and int(after[1:]) == int(first[1:]) + 1


def conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    """The parts of a chain of ANDs."""
    if isinstance(node, exp.And):
        yield from conjuncts(node.left)
        yield from conjuncts(node.right)
    elif isinstance(node, exp.Paren) and isinstance(node.this, exp.And):
        yield from conjuncts(node.this)
    else:
        yield node


_FORMATS = {"%Y-%m": "MONTH", "%Y": "YEAR", "%w": "WEEKDAY", "%H": "HOUR", "%Y-%W": "WEEK"}


def _bucket(node: exp.Expr) -> exp.Expr | None:
    """STRFTIME and JULIANDAY differences → MONTH(x), DAYS(a, b) and their like."""
    if isinstance(node, exp.DPipe):
        text = node.sql("sqlite")
        column = node.find(exp.Column)
        if "'-Q'" in text and column is not None and text.count("STRFTIME") == 2:
            return exp.Anonymous(this="QUARTER", expressions=[column.copy()])
    if isinstance(node, exp.TimeToStr):
        name = _FORMATS.get(node.args["format"].name) if node.args.get("format") else None
        inner = node.this.this if isinstance(node.this, exp.TsOrDsToTimestamp) else node.this
        if name and isinstance(inner, exp.Column):
            return exp.Anonymous(this=name, expressions=[inner.copy()])
    if isinstance(node, exp.Date) and isinstance(node.this, exp.Column) and not node.expressions:
        return exp.Anonymous(this="DAY", expressions=[node.this.copy()])
    if isinstance(node, exp.Sub):
        first, second = _julian_argument(node.this), _julian_argument(node.expression)
        if first is not None and second is not None:
            days = exp.Anonymous(this="DAYS", expressions=[first, second])
            return days
    if isinstance(node, exp.Paren) and isinstance(node.this, exp.Anonymous):
        return node.this.copy()
    return None


def _julian_argument(node: exp.Expr) -> exp.Expr | None:
    if not (isinstance(node, exp.Anonymous) and node.name.upper() == "JULIANDAY" and len(node.expressions) == 1):
        return None
    inner: exp.Expr = node.expressions[0]
    if isinstance(inner, exp.Literal) and inner.name == "now":
        return exp.column("TODAY")
    return inner.copy()


def _normal(node: exp.Expr) -> str:
    """A text that is equal for equal meanings of the kinds we meet: no parentheses around products."""
    return node.sql("sqlite").replace("(", "").replace(")", "").lower()


def _terms(select: exp.Select, shorthand: Shorthand) -> None:
    """Glossary metrics, expressions and conditions → their names."""
    where = select.args.get("where")
    parts = list(conjuncts(where.this)) if where else []
    texts = [_normal(p) for p in parts]
    removed: set[int] = set()
    words = _words(shorthand)
    for name, kind, text, needed in words.metrics:
        if all(n in texts for n in needed) and _replace_all(select, kind, text, name):
            removed |= {texts.index(n) for n in needed}
    for name, kind, text in words.expressions:
        _replace_all(select, kind, text, name)
    kept = [p for i, p in enumerate(parts) if i not in removed]
    for name, wanted in words.conditions:
        kept = _replace_condition(kept, wanted, name)
    if where and len(kept) != len(parts):
        select.set("where", exp.Where(this=exp.and_(*kept, copy=False, wrap=True)) if kept else None)


@dataclass(frozen=True)
class _Words:
    """The glossary as texts to look for, the longest metric first."""

    metrics: list[tuple[str, type[exp.Expr], str, list[str]]]
    expressions: list[tuple[str, type[exp.Expr], str]]
    conditions: list[tuple[str, list[str]]]


@lru_cache(maxsize=8)
def _words(shorthand: Shorthand) -> _Words:
    metrics = [
        (name, type(expression.unnest()), _normal(expression), [_normal(c) for c in conditions])
        for name, (expression, conditions) in shorthand.metrics.items()
        if not isinstance(expression, exp.Count)  # COUNT(*) says itself
    ]
    expressions = [
        (name, type(form.unnest()), _normal(form))
        for name, expression in shorthand.expressions.items()
        for form in (expression, _shortened_expression(expression))
    ]
    # Only conditions of two parts and more are worth a name: a plain comparison says itself.
    conditions = [
        (name, parts)
        for name, condition in shorthand.conditions.items()
        if len(parts := [_normal(c) for c in conjuncts(condition)]) > 1
    ]
    return _Words(sorted(metrics, key=lambda m: -len(m[2])), expressions, conditions)


def _shortened_expression(expression: exp.Expr) -> exp.Expr:
    holder = exp.Select(expressions=[expression.copy()])
    _dates(holder)
    result: exp.Expr = holder.expressions[0]
    return result


def _replace_all(select: exp.Select, kind: type[exp.Expr], target: str, name: str) -> bool:
    found = False
    for node in list(select.find_all(kind)):
        if owner(node) is select and node.parent is not None and _normal(node) == target:
            place = node.parent if isinstance(node.parent, exp.Paren) else node
            place.replace(exp.column(name))
            found = True
    return found


def _replace_condition(parts: list[exp.Expr], wanted: list[str], name: str) -> list[exp.Expr]:
    texts = [_normal(p) for p in parts]
    if any(w not in texts for w in wanted):
        return parts
    used = {texts.index(w) for w in wanted}
    first = min(used)
    return [exp.column(name) if i == first else p for i, p in enumerate(parts) if i == first or i not in used]


def _group(select: exp.Select, shorthand: Shorthand) -> None:
    """Drop GROUP BY where expanding puts the same grouping back."""
    group = select.args.get("group")
    if not group:
        return
    keys = {_normal(k) for k in group.expressions}
    select.set("group", None)
    probe = select.copy()
    shorthand._grouping(probe)
    restored = probe.args.get("group")
    if restored is not None:
        back = {_normal(k) for k in restored.expressions}
        if back == keys or _same_grain(back, keys, select, shorthand):
            return
    select.set("group", group)
    if len(group.expressions) > 1:
        _drop_dependent_keys(group, select, shorthand)


def _same_grain(back: set[str], keys: set[str], select: exp.Select, shorthand: Shorthand) -> bool:
    """Grouping by a label with or without its own primary key is one grouping here."""
    only = (back | keys) - (back & keys)
    labels: dict[str, set[str]] = {}
    for key in back | keys:
        table, _, column = key.partition(".")
        if column in LABELS:
            labels.setdefault(table, set()).add(column)
    # Many people share a first name: half a name groups by itself, not by who bears it.
    labelled = {table for table, names in labels.items() if len(names) > 1 or not names & {"first_name", "last_name"}}
    for key in only:
        table, _, column = key.partition(".")
        known = shorthand.schema.table(table.rsplit("_", 1)[0] if table[-1:].isdigit() else table)
        if known is None:
            return False
        is_key = known.primary_key == (column,)
        if not (
            (is_key and table in labelled) or (column in LABELS and f"{table}.{known.primary_key[0]}" in back & keys)
        ):
            return False
    return True


def _drop_dependent_keys(group: exp.Group, select: exp.Select, shorthand: Shorthand) -> None:
    """GROUP BY id, name → GROUP BY id: the name depends on the key."""
    texts = [_normal(k) for k in group.expressions]
    keep: list[exp.Expr] = []
    for node, text in zip(group.expressions, texts, strict=True):
        table = text.partition(".")[0]
        known = shorthand.schema.table(table)
        own_key = f"{table}.{known.primary_key[0]}" if known and len(known.primary_key) == 1 else None
        if own_key and own_key in texts and text != own_key:
            continue
        keep.append(node)
    group.set("expressions", keep)


def _joins(select: exp.Select, shorthand: Shorthand) -> None:
    """Start from the finest table and drop every inner join that the foreign keys restore."""
    joins: list[exp.Join] = list(select.args.get("joins") or [])
    listed = sources(select)
    if not joins or any(not isinstance(s, exp.Table) for s in listed):
        return
    if any(j.side or (j.kind and j.kind != "INNER") or not j.args.get("on") for j in joins):
        return
    names = [s.alias_or_name for s in listed]
    if any(s.alias for s in listed if isinstance(s, exp.Table)):
        return  # a self-join is said in full
    if any(c.table in names for c in _free_columns(select)):
        return  # a nested query speaks of a table of this one: the joins stay in sight of it
    ons = {_on_text(c) for j in joins for c in conjuncts(j.args["on"])}
    mentioned = {c.table for c in select.find_all(exp.Column) if not _in_join(c, joins)}
    outer = outer_names(select)
    for root in names:
        wanted = [n for n in names if n != root]
        if outer & set(wanted):
            continue  # left out, its columns would mean the table of the query around
        hops = shorthand.graph.tree(root, wanted)
        if hops is None or {h.parent for h in hops} != set(wanted):
            continue
        restored = {
            _hop_text(h.child, a, h.parent, b) for h in hops for a, b in zip(h.columns, h.ref_columns, strict=True)
        }
        if restored != ons:
            continue
        leaf = [n for n in wanted if n not in mentioned]
        probe = select.copy()
        probe.set("joins", None)
        probe.set("from_", exp.From(this=exp.to_table(root)))
        try:
            shorthand._terms(probe)
            shorthand._joins(probe)
        except ShorthandError:
            continue
        if {s.alias_or_name for s in sources(probe)} != set(names):
            if leaf:
                _keep_silent(select, root, leaf, shorthand)
                return
            continue
        select.set("joins", None)
        select.set("from_", exp.From(this=exp.to_table(root)))
        return


def _free_columns(select: exp.Select) -> list[exp.Column]:
    """Columns inside nested queries that mean a table of `select`."""
    free = []
    for column in select.find_all(exp.Column):
        inner = owner(column)
        while inner is not None and inner is not select:
            if any(s.alias_or_name == column.table for s in sources(inner)):
                break
            inner = owner(inner)
        if inner is select and owner(column) is not select:
            free.append(column)
    return free


def _keep_silent(select: exp.Select, root: str, leaf: list[str], shorthand: Shorthand) -> None:
    """A parent joined but never mentioned only drops rows whose key is NULL: a foreign key that is never
    NULL needs no join, the rest stays as written."""
    hops = shorthand.graph.tree(root, leaf) or []
    for hop in hops:
        owner_table = shorthand.schema.table(hop.child)
        if owner_table is None or any((c := owner_table.column(n)) is None or c.nullable for n in hop.columns):
            return
    select.set("joins", None)
    select.set("from_", exp.From(this=exp.to_table(root)))


def _in_join(node: exp.Expr, joins: list[exp.Join]) -> bool:
    return any(node.find_ancestor(exp.Join) is j for j in joins)


def _on_text(node: exp.Expr) -> str:
    if isinstance(node, exp.EQ):
        return " = ".join(sorted((_normal(node.this), _normal(node.expression))))
    return _normal(node)


def _hop_text(child: str, a: str, parent: str, b: str) -> str:
    return " = ".join(sorted((f"{child}.{a}".lower(), f"{parent}.{b}".lower())))
