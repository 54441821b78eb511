"""What needs no student: empty, far too long, small talk, SQL, asking to change something, giving orders, leaning."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from bot.leaning import leans
from bot.linking import Linked
from bot.prompt import MAX_CHARACTERS
from bot.small_talk import Kind, small_talk

SMALL_TALK = "small-talk"
UNREAD = frozenset({"empty", "too-long", SMALL_TALK, "sql", "change", "orders", "leaning"})  # the codes of these
_EXAMPLE = "Ask in words, for example: how many orders did we get last month?"
_ABOUT = f"I answer questions about the data in this database. {_EXAMPLE}"
_KIND: dict[Kind, str] = {
    "hello": f"Hello! {_ABOUT}", "help": _ABOUT, "thanks": f"You're welcome. {_EXAMPLE}",
    "nothing": f"I am here. {_ABOUT}",
}  # fmt: skip

_SQL = re.compile(
    r"^\s*(?:select\b.+\bfrom\b|with\s+\w+\s+as\s*\(|insert\s+into\b|update\s+\w+\s+set\b|delete\s+from\b"
    r"|(?:drop|alter|create|truncate)\s+(?:table|view|index|database|schema|user)\b|pragma\b|attach\s+(?:database\b|'))",
    re.IGNORECASE | re.DOTALL,
)
_INJECTED = re.compile(
    r"['\"`;)]\s*;?\s*(?:drop|delete|insert|update|alter|truncate|attach|exec|union\s+select)\b", re.IGNORECASE
)
_COMMAND = re.compile(
    r"^\W*(?:(?:please|pls|can|could|would|you|now|just|hey|hi|mynah|go|ahead|and|kindly|quickly|i|want|need|to|let'?s)\W+)*"
    r"(?:drop(?!-|\s+(?:in|off|outs?|rates?)\b)|delete|truncate|erase|wipe|purge|destroy)\b",
    re.IGNORECASE,
)
# A value that is to be written: "set the price of X to 5", "mark order 7 as paid", "give them a 5 % raise".
_WRITTEN = re.compile(
    r"(?:^|[,.;:!?-]\s*|\b(?:please|pls|plz|kindly|ahead\s+and|(?:can|could|would|will)\s+you|you\s+to)\s+)"
    r"(?:(?:set|change|update|adjust|raise|increase|reduce|lower|reset|overwrite|correct|rename|move|reassign)\s+"
    r"(?:the|my|our|their|his|her|its|this|that|all|every|everyone|everybody|order|customer|product|ticket)\b.{0,100}?"
    r"\b(?:to|by)\s+(?:[$€£]?\d|zero\b|nothing\b|['\"])"
    r"|mark\s+.{1,80}?\bas\s+\w+"
    r"|give\s+(?:everyone|everybody|all|them|him|her|the|our|every)\b.{0,60}?\ban?\s+(?:[\w.%]+\s+%?\s*){0,3}?"
    r"(?:raise|bonus|discount|refund|promotion)\b"
    r"|(?:add|insert|create|register)\s+(?:an?|some)\s+(?:new\s+)?"
    r"(?:order|customer|product|employee|supplier|ticket|payment|record|row|entry|table)\b(?!['’])"
    r"|(?:cancel|close|reopen|approve|refund|ship)\s+(?:the\s+|all\s+)?(?:order|orders|ticket|tickets|payment|payments)\b)",
    re.IGNORECASE | re.DOTALL,
)
# The same with a value in words, of what is told by its number, of all, or of a state or a price:
# "set order 5 to shipped", "set all open tickets to closed", "change her salary to zero".
_ASSIGNED = re.compile(
    r"(?:^\W*(?:(?:hey|hi|ok|so|now|mynah)\W+)*|[.;!]\s*"
    r"|\b(?:please|pls|plz|kindly|(?:can|could|would|will)\s+you(?:\s+please)?)\s+)"
    r"(?:set|reset|change|update|switch|flip|move|reassign|assign|transfer)\s+(?:"
    r"(?!(?:from|in|of|by|on|for|over|between|to|me|us)\b)(?:[a-z'’-]+\s+){1,5}?"
    r"(?:(?:no\.?|nr\.?|number|id)\s*)?#?(?!(?:19|20)\d\d\b)\d+\b(?:['’]s)?[^.;!?]{0,40}?"
    r"|(?:all|every|each)\s+[^.;!?]{1,60}?"
    r"|(?:the|its|their|his|her|\w+['’]s)\s+(?:\w+\s+)?(?:status|state|stage|priority|price|salary|name|address|e-?mail"
    r"|owner|assignee|role|title|discount|quantity)\b(?!\s+from\b)[^.;!?]{0,60}?"
    r")\bto\s+(?:be\s+)?(?!(?:show|see|display|include)\b)[a-z]",
    re.IGNORECASE,
)
# Not a question but an attempt to give the bot other orders; and data that is to be sent somewhere.
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass|skip)\s+(?:(?:about|all|any|every|of|the|these|those|your|my|our|its|"
    r"previous|prior|earlier|former|above|other|system|safety|security)\s+){0,5}"
    r"(?:instructions?|rules|prompts|guidelines|guardrails|restrictions)\b"
    r"|\bsystem\s+prompt\b|\byou\s+are\s+now\s+(?:an?\s+|the\s+)?(?:admin|administrator|root|dba|developer|dan)\b"
    r"|\b(?:developer|god|admin|debug)\s+mode\b|\bjailbreak\b",
    re.IGNORECASE,
)
_SENT_AWAY = re.compile(
    r"\b(?:send|post|upload|mail|e-?mail|forward|transmit|exfiltrate|copy|export|push)\b.{0,200}?"
    r"\b(?:to|into|at|on|via)\s+(?:(?:https?|ftps?|sftp|s3)://|www\.|[\w.+-]+@[\w-]+\.\w)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """`code` is for programs, `message` for the person who asked."""

    code: str
    message: str


def refuse_early(question: str, named: Callable[[str], bool] = lambda _: False) -> Refusal | None:
    """Why the question is not passed on to the student, or None.

    `named` says whether a word alone is a table, a column or a value.
    """
    text = question.strip()
    if not text or not any(unicodedata.category(c)[0] in "LN" for c in text):
        return Refusal("empty", f"There is no question in that. {_EXAMPLE}")
    if len(text) > MAX_CHARACTERS:
        return Refusal(
            "too-long",
            f"That question has {len(text):,} characters; {MAX_CHARACTERS:,} is the most I read. "
            "Ask for one thing at a time.",
        )
    kind = small_talk(text, named)
    if kind is not None:
        return Refusal(SMALL_TALK, _KIND[kind])
    if _SQL.match(text):
        return Refusal(
            "sql",
            "That looks like SQL. I only run SQL that I wrote and checked myself: ask the question in plain words.",
        )
    if _INJECTED.search(text) or _COMMAND.match(text) or _WRITTEN.search(text) or _ASSIGNED.search(text):
        return Refusal(
            "change", "I can only read the data, never change or remove it. Ask me what you would like to know."
        )
    if _ORDERS.search(text) or _SENT_AWAY.search(text):
        return Refusal(
            "orders",
            "I only answer questions about the data, and only here: nothing in a question changes how I work or where "
            "answers go. Ask me what you would like to know.",
        )
    return None


def refuse_leaning(linked: Linked, named: Callable[[str], bool]) -> Refusal | None:
    """Why a linked question is not passed on to the student, or None: it goes on from another, which nobody reads."""
    if leans(linked, named):
        return Refusal(
            "leaning",
            "I read each question alone, without those before it. Ask it in full, with what you want to know, "
            "for example: how many orders did we get last month?",
        )
    return None
