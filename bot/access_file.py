"""The file of access rules: TOML, read into frozen rules."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from bot.config import ConfigError


@dataclass(frozen=True)
class Rule:
    """Whom it binds (every list that is given has to name them), and what it keeps from them.

    `tables` are the only ones open, None for all; `deny` and `mask` hold `table` or `table.column`; `rows` a
    condition by table.
    """

    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    doors: frozenset[str] = frozenset()
    except_users: frozenset[str] = frozenset()
    except_groups: frozenset[str] = frozenset()
    tables: frozenset[str] | None = None
    deny: frozenset[str] = frozenset()
    mask: frozenset[str] = frozenset()
    rows: Mapping[str, str] = field(default_factory=dict)


_LISTS = {f.name for f in fields(Rule)} - {"rows"}


def read_rules(path: Path) -> tuple[tuple[Rule, ...], Mapping[str, frozenset[str]]]:
    """The rules, and the users of each group. Raises ConfigError."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"The access rules at {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"The access rules at {path} are not TOML: {error}") from error
    if extra := sorted(set(data) - {"groups", "rule"}):
        raise ConfigError(f"{path}: there is no “{extra[0]}” in access rules, only [groups] and [[rule]]")
    groups = data.get("groups", {})
    if not isinstance(groups, dict):
        raise ConfigError(f"{path}: [groups] gives each group a list of users")
    members = {name: _texts(users, f"{path}: the group {name}") for name, users in groups.items()}
    rules = data.get("rule", [])
    if not isinstance(rules, list):
        raise ConfigError(f"{path}: a rule begins with [[rule]]")
    return tuple(_rule(rule, f"{path}, rule {number}") for number, rule in enumerate(rules, start=1)), members


def _rule(data: dict[str, Any], where: str) -> Rule:
    if extra := sorted(set(data) - _LISTS - {"rows"}):
        raise ConfigError(f"{where}: there is no “{extra[0]}”, only {', '.join(sorted(_LISTS))} and rows")
    rows = data.get("rows", {})
    if not isinstance(rows, dict) or not all(isinstance(text, str) and text.strip() for text in rows.values()):
        raise ConfigError(f"{where}: rows gives each table a condition, such as customers = \"country = 'Germany'\"")
    lists = {name: _texts(data[name], f"{where}, {name}") for name in _LISTS if name in data}
    if bad := sorted(name for name in lists.get("mask", ()) if "." not in name):
        raise ConfigError(f"{where}: mask names columns as table.column, not “{bad[0]}”")
    return Rule(**lists, rows=rows)


def _texts(value: object, where: str) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
        raise ConfigError(f"{where} has to be a list of texts")
    return frozenset(value)
