"""`mynah schedule`: runs the night when nightly_cron says so, on any number of replicas."""

from __future__ import annotations

import logging

from adapters.commands.nightly import nights_of
from adapters.commands.opening import settings_for


def command() -> int:
    """Run the night each night, until stopped. Of several of these on one state database, one gets the turn."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    settings = settings_for()
    nights = nights_of(settings)
    print(f"The next night begins at {nights.next_run()} (Ctrl+C stops it).", flush=True)
    nights.serve()
    return 0
