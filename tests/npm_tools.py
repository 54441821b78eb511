"""Tools for tests that come from npm (`make npm-tools`): programs that stand for what is elsewhere, never shipped."""

from __future__ import annotations

import shutil

from bot.config import ROOT
from tests.own_network import may_have_own_network

NPM = ROOT / ".npm-tools" / "node_modules"
PLAYGROUND = NPM / "@microsoft" / "m365agentsplayground" / "cli.js"


def has_playground() -> bool:
    """Whether a local Teams can be started, apart from all networks."""
    return bool(PLAYGROUND.is_file() and shutil.which("node") and may_have_own_network())
