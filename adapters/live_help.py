"""Live help: where the student is unsure, the teacher is asked too, held by the same grammar, guard and rights."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.access import Asker
from bot.answer import Answer, Bot
from bot.config import Settings
from bot.grammar import Grammar
from bot.linking import Linked
from bot.prompt import prompt
from bot.student import Prediction

if TYPE_CHECKING:
    from kd_training.teacher_client import Prompt, TeacherClient

log = logging.getLogger("mynah.live_help")
TEACHER = "teacher"  # the code of its answers, and who vouches for them
SAYS = "I was not sure about that, so I asked the teacher ({model}). This is its answer; please check it."
AGREES = "I was not sure about that, but the teacher ({model}) gives the same. Please check it."


class LiveHelp:
    """Asks the teacher that the settings name. Thread-safe; opened at the first question that needs it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: TeacherClient | None = None

    def ask(self, bot: Bot, unsure: Answer, asker: Asker) -> Answer:
        """The teacher's answer, marked as such; the student's own where the teacher cannot help."""
        try:
            from kd_training.teacher_client import Ask, TeacherError
        except ModuleNotFoundError as error:
            log.warning("live_teacher needs %s: pip install 'mynah-bot[train]'", error.name)
            return unsure
        linked = bot.link(unsure.question)
        grammar = Grammar(bot.student.schema, bot.glossary).for_slots(linked.slots)
        try:
            said = self._opened().complete(Ask(self._prompt(bot, linked), grammar, 1, 0.0))
        except TeacherError as error:
            log.warning("the teacher could not help: %s", error)
            return unsure
        if not said:
            return unsure
        candidate = bot.consider(linked, [Prediction(said[0].text.strip(), 0.0, 0)], asker=asker)[0][0]
        if candidate.result is None:
            return unsure
        model = self._settings.teacher_model
        own = unsure.result is not None and unsure.sql is not None and candidate.sql == unsure.sql
        message = (AGREES if own else SAYS).format(model=model)
        return replace(
            unsure, message=message, sql=candidate.sql, canonical=candidate.canonical, result=candidate.result,
            short=candidate.prediction.short, code=TEACHER, student_version=f"{TEACHER}:{model}"[:128], candidate=-1,
        )  # fmt: skip

    def _prompt(self, bot: Bot, linked: Linked) -> Prompt:
        if self._settings.teacher_style == "student":
            return prompt(bot.student.read(linked))
        from kd_training.questions import Ground
        from kd_training.teacher_prompt import Instructions

        ground = Ground(bot.database, bot.schema, bot.glossary, bot.index, bot.today)
        return Instructions(ground).messages(linked)

    def _opened(self) -> TeacherClient:
        from kd_training.teacher_client import Access, TeacherClient, tokenizer_of

        if self._client is None:
            settings = self._settings
            key = settings.teacher_key.get_secret_value() if settings.teacher_key else None
            assert settings.teacher_url is not None  # the settings see to it
            seconds = settings.live_teacher_seconds
            model = settings.teacher_model
            access = Access(settings.teacher_url, model, key, seconds, tries=1, tokenizer=tokenizer_of(model))
            self._client = TeacherClient(access)
        return self._client

    def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            self._client.close()

