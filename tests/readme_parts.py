"""The parts of README.md that are made from the code: the file tree and the table of settings.

`python -m tests.readme_parts` writes them anew; test_readme.py fails when they are out of date.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from bot.config import ROOT, Settings

README = ROOT / "README.md"
PACKAGES = ("adapters", "kd_training", "eval_harness", "bot", "demo")
# What is no Python, or says nothing of itself. A folder stands for all that is in it.
OTHERS = {
    "adapters/": "The doors. May import everything below.",
    "adapters/teams/": "Microsoft Teams.",
    "adapters/teams/cards/": "Answers as Adaptive Cards.",
    "adapters/teams/manifest/": "The Teams app: its manifest and icons, zipped for Teams to take.",
    "adapters/teams/manifest/manifest.json": "The manifest, with places for the app's id and the server's address.",
    "adapters/web/": "The chat page.",
    "adapters/slack/": "The Slack door.",
    "adapters/slack/blocks/": "What is built for Slack to show: plain data, without a network.",
    "adapters/slack/listeners/": "One file for each kind of thing that people do in Slack.",
    "adapters/slack/manifest.json": "What Slack has to know of the app, for Socket Mode.",
    "adapters/web/static/": "What the page ships: styles, a drawing, a script.",
    "kd_training/": "How the student learns.",
    "kd_training/synthesize/": "Questions and their SQL, made without a teacher.",
    "eval_harness/": "How good a student is.",
    "eval_harness/page/": "What a report's page is made of: styles and a script.",
    "bot/": "How one question becomes one answer. Imports nothing above it.",
    "bot/migrations/": "The tables' history, one file a step in versions/.",
    "bot/migrations/versions/": "The steps.",
    "bot/py.typed": "Says to type checkers that the package is typed.",
    "demo/": "Harbor & Pine, the database to try Mynah on.",
    "demo/bench_questions.txt": "Everyday questions that `mynah bench` times.",
    "demo/distill.toml": "The recipe of the shipped student.",
    "demo/ablation.toml": "The recipe of the comparison of what each part of the training is worth.",
    "demo/nightly.toml": "The recipe of the nightly training.",
    "demo/distill-small.toml": "The whole chain in a few minutes, teacher included.",
    "demo/examples.txt": "Questions to click on the demo's page.",
    "demo/glossary.toml": "The company's words: metrics, conditions, names people use for values.",
    "demo/phrasings/": "How people word questions: the corpus that the student learns from.",
    "demo/development.jsonl": "New questions, written from the schema alone, to develop with. Never training data.",
    "demo/fresh.jsonl": "New questions, written after the corpus, to measure with. Never training data.",
    "demo/questions.jsonl": "The demo's evaluation set. Never training data.",
    "demo/student/": "The shipped student.",
    "docs/": "Pages to read.",
    "kd_training/onboard/frames.jsonl": "Questions about rows, with holes for the names of tables and columns.",
    "kd_training/onboard/wordings.toml": "How people word measures and filters, with holes for the names of columns.",
    "tests/": "One file for each file tested, and test_architecture.py for the shape of it all.",
    ".ci/run": "All checks on a clean Debian.",
    "CHANGELOG.md": "What changed.",
    "Dockerfile": "Mynah in a container.",
    "LICENSE": "Apache-2.0.",
    "Makefile": "run, test, test-slow, check, bench, vllm, npm-tools.",
    "constraints.txt": "The versions of all packages that this is tested with.",
    "mynah.toml.example": "Every setting, explained: copy it to mynah.toml.",
    "pyproject.toml": "The package: what it needs, its command, how it is checked.",
}
_WHOLE = {
    "adapters/web/static/", "bot/migrations/versions/", "demo/phrasings/", "demo/student/", "eval_harness/page/",
    "tests/",
}  # fmt: skip
_IGNORED = {"__pycache__", "runs"}
_TOP = (*sorted(name for name in OTHERS if "/" not in name), ".ci/run")


def tree() -> str:
    """Every file with its one line, folders first said as such."""
    entries = [entry for package in PACKAGES for entry in _walk(ROOT / package, 0)]
    entries += _walk(ROOT / "docs", 0)
    entries += [("tests/", OTHERS["tests/"]), *((name, OTHERS[name]) for name in _TOP)]
    width = max(len(name) for name, _ in entries) + 2
    lines = (f"{name:{width}}{line}".rstrip() for name, line in entries)
    return "```\n" + "\n".join(lines) + "\n```"


def _walk(folder: Path, depth: int) -> Iterator[tuple[str, str]]:
    name = f"{folder.relative_to(ROOT)}/"
    yield f"{'    ' * depth}{folder.name}/", OTHERS.get(name) or _first_line(folder / "__init__.py")
    if name in _WHOLE:
        return
    children = sorted(folder.iterdir(), key=lambda p: (p.is_dir(), p.name))
    for child in children:
        if child.name in _IGNORED or child.name == "__init__.py" or child.name.startswith("."):
            continue
        if child.is_dir():
            yield from _walk(child, depth + 1)
        else:
            key = str(child.relative_to(ROOT))
            yield f"{'    ' * (depth + 1)}{child.name}", OTHERS.get(key) or _first_line(child)


def _first_line(path: Path) -> str:
    if path.suffix == ".mako":
        return "The form of a new step."
    if path.suffix in (".png", ".svg"):
        return f"A picture: {path.stem.replace('-', ' ')}."
    if path.suffix == ".md":
        return path.read_text("utf-8").splitlines()[0].lstrip("# ")
    if path.suffix != ".py":
        raise SystemExit(f"{path.relative_to(ROOT)} needs its line in tests/readme_parts.py")
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    if not text:
        raise SystemExit(f"{path.relative_to(ROOT)} needs a docstring")
    return text.splitlines()[0]


def settings_table() -> str:
    """Every setting with its variable, default and meaning, as a Markdown table."""
    lines = ["| setting | variable | default | what it does |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = _default(name, field.get_default(call_default_factory=False))
        lines.append(f"| `{name}` | `MYNAH_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines)


def _default(name: str, value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is PydanticUndefined or value is None:
        return "`~/.mynah`" if name == "state_dir" else ""
    if isinstance(value, Path):
        value = value.relative_to(ROOT) if value.is_relative_to(ROOT) else value
    if isinstance(value, tuple):
        value = ", ".join(value) or None
    return "" if value is None else f"`{value}`"


PARTS = {"tree": tree, "settings": settings_table}


def between(text: str, name: str) -> tuple[str, str, str]:
    """What is before, in and after a part of the README."""
    begin, end = f"<!-- {name}: made by python -m tests.readme_parts -->\n", f"\n<!-- end of {name} -->"
    head, _, rest = text.partition(begin)
    body, _, tail = rest.partition(end)
    return head + begin, body, end + tail


def main() -> int:
    """Write the parts into README.md."""
    for name, make in PARTS.items():
        head, _, tail = between(README.read_text("utf-8"), name)
        README.write_text(head + make() + tail, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
