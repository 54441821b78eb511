"""`python -m tests.teacher_part label|extract URL MODEL PAIRS DATABASE OUT`: one part of the teaching, to be killed."""

from __future__ import annotations

import sys
from pathlib import Path

from bot.database import connect
from bot.glossary import Glossary
from bot.prompt import prompt, render
from kd_training.extract import Extraction, Forced, Words, extract_states, plain_lead
from kd_training.label import Labelling, Question, label, read_questions
from kd_training.questions import Ground
from kd_training.teacher_client import Access, TeacherClient
from kd_training.tokenizer import load_tokenizer, train_tokenizer
from tests.tiny_student import TODAY
from tests.tiny_teacher import many_questions


def main(part: str, url: str, model: str, pairs: str, database: str, out: str) -> None:
    """Do the part."""
    client = TeacherClient(Access(url, "teacher", concurrency=2))
    questions = read_questions(Path(pairs))
    if part == "label":
        ground = Ground.of(connect(f"sqlite:///{database}"), Glossary(), TODAY)
        more = [Question(q, prompt(render(ground.link(q))), "", q) for q in many_questions(12)]
        how = Labelling("tiny", samples=1, temperature=0, max_tokens=40)
        label([*questions, *more], client, ground, how, Path(out))
        return
    tokenizer = load_tokenizer(model)
    student = train_tokenizer([q.prompt + q.target for q in questions] * 2, 500, [])
    forced = [Forced(q.key, q.prompt, q.target, q.question) for q in questions]
    words = Words(tokenizer, student, plain_lead(tokenizer))
    extract_states(forced, client, words, Extraction("tiny", 16, sample=4, shard=1), Path(out))


if __name__ == "__main__":
    main(*sys.argv[1:])
