"""Who has a say over what people nominated: the student that serves, asked once more, and a running teacher."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import ExitStack

from bot.access import Access
from bot.config import Settings
from bot.deployed import promoted
from bot.manifest import StudentError
from bot.opening import open_bot
from bot.shelf import ShelfError
from bot.store import Store
from kd_training.admission import AdmissionReport, Rules
from kd_training.label import Labelling
from kd_training.nightly import Admit
from kd_training.opinions import Second, student_again, teacher_majority
from kd_training.pairs import admit
from kd_training.questions import Ground
from kd_training.teacher_client import Access as TeacherAccess
from kd_training.teacher_client import TeacherClient, TeacherError, tokenizer_of
from kd_training.teaching import Teacher

log = logging.getLogger(__name__)


def admission(settings: Settings, teacher: Teacher) -> Admit:
    """Decides over all nominations as the settings say, and counts what came of them.

    The teacher has a say where `teacher_url` names a server that runs. One that does not answer is passed over, with a
    warning: what only it could have let in waits for the next night, or for a reviewer.
    """

    def decide(store: Store, ground: Ground) -> Mapping[str, int]:
        student = _student(settings, ground)
        try:
            return _counted(_decided(settings, teacher, store, ground, student))
        except TeacherError as error:
            log.warning("pairs are admitted without the teacher: %s", error)
            return _counted(_decided(settings, None, store, ground, student))

    return decide


def _decided(
    settings: Settings, teacher: Teacher | None, store: Store, ground: Ground, student: Second | None
) -> AdmissionReport:
    with ExitStack() as open_until_done:
        asked: Second | None = None
        if teacher is not None and teacher.url is not None:
            access = TeacherAccess(teacher.url, teacher.model, teacher.key, tokenizer=tokenizer_of(teacher.model))
            client = open_until_done.enter_context(TeacherClient(access))
            how = Labelling(teacher.model, teacher.style)
            asked = teacher_majority(client, ground, how, settings.state_dir / "nightly" / "opinions")
        return admit(
            store, ground, teacher=asked, student=student, rules=Rules.of(settings),
            access=Access.load(settings.access), today=settings.today,
        )  # fmt: skip


def _student(settings: Settings, ground: Ground) -> Second | None:
    """The student that serves; none where there is none yet, or the tables are others by now."""
    try:
        return student_again(open_bot(promoted(settings), ground.database))
    except (StudentError, ShelfError) as error:
        log.warning("pairs are admitted without asking the student again: %s", error)
        return None


def _counted(made: AdmissionReport) -> dict[str, int]:
    return {"admitted": len(made.admitted), "rejected": len(made.rejected), "waiting": len(made.waiting)}
