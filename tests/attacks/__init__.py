"""Queries that must not run: `sqlite.jsonl` holds {"id", "class", "sql"} a line."""
