"""A folder of SQLite databases: which files a database id stands for, the one with the real values first.

    DIR/<id>/<id>.sqlite    Spider's and BIRD's layout; other databases in DIR/<id>/ are copies of it with different
                            values, as in the test suites of Zhong et al. (2020)
    DIR/<id>.sqlite         one file a database
    DIR/*.sqlite            for examples that name no database: copies of one database, the first by name as the
                            original

Files end in .sqlite, .sqlite3 or .db.
"""

from __future__ import annotations

from pathlib import Path

from bot.database import DatabaseError

_ENDINGS = (".sqlite", ".sqlite3", ".db")


def database_files(folder: Path, name: str) -> tuple[Path, ...]:
    """The files of the database `name` (empty: of the only one) in `folder`. Raises DatabaseError."""
    if not folder.is_dir():
        raise DatabaseError("missing", f"There is no folder {folder}.")
    if not name:
        return _some(_databases(folder), f"{folder} holds no database: none of its files ends in .sqlite or .db.")
    if Path(name).name != name or name in (".", ".."):
        raise DatabaseError("missing", f"{name!r} is no name of a database: it would leave the folder.")
    nested = _databases(folder / name)
    own = [path for path in nested if path.stem == name]
    single = [path for ending in _ENDINGS if (path := folder / f"{name}{ending}").is_file()]
    return _some(
        [*own, *(path for path in nested if path not in own)] or single[:1],
        f"{folder} holds no database {name!r}: there is no {name}/{name}.sqlite and no {name}.sqlite.",
    )


def _databases(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in _ENDINGS and path.is_file())


def _some(files: list[Path], otherwise: str) -> tuple[Path, ...]:
    if not files:
        raise DatabaseError("missing", otherwise)
    return tuple(files)
