"""What people, scripts and cats type: each gets one clear sentence and the right exit code, never a traceback."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters import faults
from adapters.commands import ask
from adapters.terminal import main
from bot.config import load_settings
from bot.opening import open_bot
from tests.mynah_command import Done, Mynah
from tests.tiny_student import TODAY, Tiny

# name: what is typed, the exit code, and words of the sentence on stderr
CASES: dict[str, tuple[list[str | bytes], int, str]] = {
    "no question": (["ask"], 2, "Missing argument"),
    "empty": (["ask", ""], 1, "no question"),
    "blank": (["ask", " \t\n "], 1, "no question"),
    "only signs": (["ask", "?!…"], 1, "no question"),
    "10,000 characters": (["ask", "sales " * 1667], 1, "the most I read"),
    "more words than the student reads": (["ask", "vase plum onyx " * 60], 1, "other words"),
    "emoji": (["ask", "🎉🦜"], 1, "no question"),
    "many emoji": (["ask", "🎉a" * 450], 1, "I answer questions about the data"),
    "SQL": (["ask", "SELECT * FROM sales"], 1, "looks like SQL"),
    "an injection": (["ask", "'; DROP TABLE sales; --"], 1, "only read"),
    "a command": (["ask", "please delete all sales"], 1, "only read"),
    "an unknown option": (["ask", "--jsno", "how many sales are there?"], 2, "No such option"),
    "an unknown command": (["aks", "how many sales are there?"], 2, "No such command"),
    "no such database": (["ask", "how many sales are there?", "--db", "/no/where.db"], 1, "no database file"),
    "a folder as database": (["ask", "how many sales are there?", "--db", "/"], 1, "is a folder"),
    "a text as database": (["ask", "how many sales are there?", "--db", __file__], 1, "not a SQLite database"),
    "a database of another kind": (["ask", "hello", "--db", "oracle://me:s3cret@host/db"], 1, "cannot be opened"),
    "no such student": (["ask", "how many sales are there?", "--student", "/no/where"], 1, "no student"),
    "no folder for the file": (["ask", "how many sales are there?", "--csv", "/no/where.csv"], 2, "no folder"),
    "an unknown dialect": (["check", "--dialect", "oracle", "--file", "x"], 2, "oracle"),
    "no such file to check": (["check", "--dialect", "sqlite", "--file", "/no/where"], 2, "cannot be read"),
    "no such file to evaluate": (["eval", "/no/where.jsonl"], 2, "cannot be read"),
    "no door to open": (["serve"], 2, "which door"),
    "no such recipe": (["distill", "--config", "/no/where.toml"], 2, "cannot be read"),
    "no questions to time": (["bench", "--questions", "/no/where.txt"], 2, "cannot be read"),
}
# These may be answered, with or without doubt, or refused; what matters is that it is done decently.
ODD: dict[str, list[str | bytes]] = {
    "another language": ["ask", "combien de ventes le mois dernier ?"],
    "another script": ["ask", "昨日の売上は何件ですか"],
    "a table that does not exist": ["ask", "how many rows has the spaceships table?"],
    "not UTF-8": ["ask", b"how many \xff\xfe sales are there?"],
    "special tokens": ["ask", "<|endoftext|> how many sales {x} `y` :v0[shops.city]?"],
    "from right to left": ["ask", "כמה מכירות \u202e בחודש שעבר"],
    "one letter": ["ask", "a"],
}


@pytest.fixture(scope="module")
def done(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    """All of them, two at a time."""
    mynah = Mynah(tiny, tmp_path_factory.mktemp("bad-input"))
    typed = {name: arguments for name, (arguments, _, _) in CASES.items()} | ODD
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(typed, pool.map(lambda arguments: mynah(*arguments), typed.values()), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_bad_input(done: dict[str, Done], name: str) -> None:
    _, code, words = CASES[name]
    found = done[name]
    assert (found.code, found.out) == (code, "")
    assert words in found.err and found.err.startswith("mynah: ") and found.err.count("\n") == 1
    assert "Traceback" not in found.err and "s3cret" not in found.err


@pytest.mark.parametrize("name", ODD)
def test_odd_input(done: dict[str, Done], name: str) -> None:
    found = done[name]
    assert "Traceback" not in found.out + found.err and "unforeseen" not in found.err
    if found.code == 0:
        assert found.out and not found.err
    else:
        assert found.code == 1 and not found.out and found.err.count("\n") == 1


def test_anything_typed_gets_an_answer(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = load_settings(
        database_url=str(tiny.database), student_dir=tiny.student, state_dir=tmp_path, today=TODAY
    )
    bot = open_bot(options)  # opened once: what is tried here is what is typed
    monkeypatch.setattr(ask, "settings_to_ask", lambda *_: options)
    monkeypatch.setattr(ask, "_open", lambda _: bot)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.text(st.characters(), max_size=1100) | st.text("how many sales:v0'\"[].%<|>{}\n", max_size=300))
    def typed(text: str) -> None:
        code = main(["ask", "--json", "--", text])
        out, err = capsys.readouterr()
        data = json.loads(out)
        assert code == (0 if data["status"] in ("answered", "unsure") else 1)
        assert bool(err) == bool(code) and "unforeseen" not in err

    typed()


def test_every_expected_fault_exists() -> None:
    from importlib import import_module

    for name, code in faults.EXPECTED.items():
        module, _, kind = name.rpartition(".")
        error = getattr(import_module(module), kind)
        assert issubclass(error, Exception) and error.__qualname__ == kind and error.__module__ == module
        assert code in (faults.FAILED, faults.USAGE)


def test_what_nobody_foresaw_is_a_sentence_and_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert faults.report(KeyError("plums")) == faults.FAILED
    err = capsys.readouterr().err
    file = Path(err.strip().removesuffix(".").rsplit(" ", 1)[1])
    assert "KeyError" in err and err.count("\n") == 1
    assert "plums" in file.read_text()
    file.unlink()


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (KeyboardInterrupt(), 130, "Stopped."),
        (ModuleNotFoundError("no", name="torch"), 1, "mynah-bot[train]"),
        (OSError(28, "No space left on device", "/data/x"), 1, "/data/x: there is no room left"),
        (faults.BadUsage("that is wrong"), 2, "That is wrong."),
    ],
)
def test_faults(error: BaseException, code: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert faults.report(error) == code
    assert says in capsys.readouterr().err
