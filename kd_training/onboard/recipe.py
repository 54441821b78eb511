"""The recipe of an onboarding, as the file that `mynah distill` reads: sized by the minutes that it may take."""

from __future__ import annotations

from pathlib import Path

from kd_training.teaching import Teacher

_COMPOSED = (4_000, 60_000)  # questions, at least and at most
_PER_MINUTE = 1_500  # of them that are worth having for each minute of training
_INTENTS = (400, 150)  # of the corpus: at least, and more for each minute
_TRAINING = 0.7  # share of the minutes; the rest is for synthesis, confidences and measuring

_TEXT = """\
# How this database's student is made; written by `mynah onboard`. What each setting means stands in
# kd_training/recipe.py and kd_training/distill_config.py.

[student]
version = "onboard-1"
output = "{output}"
held_out = 60
calibrated_on = 300
target = 0.9

[synthesize]
corpus = "corpus"
repeats = 3
corpus_copies = 2
composed = {composed}
intents = {intents}
holdout = 0.03
parts = 2
seed = 1

[distill]
vocab_size = 4096
n_layer = 6
n_head = 4
n_embd = 256
n_positions = 320
batch_tokens = 3072
epochs = 40
max_minutes = {minutes:.2f}
optimizer = "muon"
lr = {lr}
warmup = 0.03
schedule = "wsd"
decay = 0.5
ema_decay = 0.99
dropout = 0.02
eval_every = 100000
checkpoint_every = 200
log_every = 50
{teacher}
[[stage]]
name = "own"
"""
_TEACHER = """
[teacher]              # where it is, is said by `--teacher` or the settings
source = "server"
questions = 500
samples = 3
reword = {reword}      # queries that it puts into words
states = {states}
"""


def recipe_text(output: Path, minutes: float, teacher: Teacher | None, warm: bool) -> str:
    """The recipe. `warm`: it begins with a student that knows English already."""
    composed = round(min(max(_PER_MINUTE * minutes, _COMPOSED[0]), _COMPOSED[1]))
    told = ""
    if teacher is not None:
        told = _TEACHER.format(
            reword=400 if teacher.style == "instruct" else 0, states=str(teacher.states_url is not None).lower()
        )
    return _TEXT.format(
        output=str(output.resolve()).replace("\\", "\\\\").replace('"', '\\"'), composed=composed,
        intents=round(_INTENTS[0] + _INTENTS[1] * minutes),
        minutes=_TRAINING * minutes, lr=8e-4 if warm else 1.3e-3, teacher=told,
    )  # fmt: skip
