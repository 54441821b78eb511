"""What people write that is no question: greetings, calls for help, thanks, and trying whether anybody is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

Kind = Literal["hello", "help", "thanks", "nothing"]

_HELLO = (
    r"(?:hi|hiya|yo|hello|hey|howdy|greetings|good (?:morning|afternoon|evening|day))"
    r"(?: (?:there|mynah|bot|everyone|everybody|all|team|again|world))*"
    r"|(?:how are you|how's it going|how is it going|what's up|whats up)(?: doing)?(?: today)?"
    r"|(?:are you there|(?:is )?any(?:one|body) there)"
)
_HELP = (
    r"(?:please )?help(?: me)?(?: please)?|(?:i need|i'd like) (?:some )?help|(?:can|could) you help(?: me)?"
    r"|how can you help(?: me)?"
    r"|what (?:else )?can you (?:do|answer|help(?: me)? with|tell me)(?: for me)?"
    r"|what (?:else )?(?:can|could|should|may) i ask(?: you)?(?: about)?"
    r"|what (?:kinds? of |sorts? of )?questions (?:can|could|should|may) i ask(?: you)?|what do you (?:do|know)"
    r"|how (?:do|does) (?:you|this|it) work|how (?:do|can) i use (?:you|this|it)"
    r"|(?:who|what) are you|what is this|what's this|what(?:'s| is) your name"
    r"|are you (?:an? )?(?:bot|robot|human|person|ai|real)"
)
_TRY = r"(?:this is (?:just |only )?a |just (?:a )?)?(?:test|testing)(?: test(?:ing)?)*(?: 1 2(?: 3)?| 123)?|ping"
_KEYS = r"(?:asdf?)+|asdfghjkl|qwert[yz]?|blah?"
_BYE = r"(?:good)? ?bye(?: bye)?|good night|see you(?: later)?|have a (?:nice|good|great) (?:day|evening|weekend)"
_PARTS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("help", re.compile(rf"\b(?:{_HELP})\b")),
    ("hello", re.compile(rf"\b(?:{_HELLO})\b")),
    ("thanks", re.compile(r"\b(?:thank you|thanks|thank|thx|ty|cheers)\b")),
)
_WHOLE = re.compile(rf"(?:(?:{_HELLO}|{_HELP})(?: |$))+(?:please|mynah)?")
_REST = re.compile(rf"\b(?:{_HELLO}|{_HELP}|{_TRY}|{_KEYS}|{_BYE})(?= |$)")
_IDLE = frozenset([
    "a", "awesome", "cheers", "cool", "do", "done", "exactly", "excellent", "good", "got", "great", "haha", "helps",
    "interesting", "it", "lol", "lot", "makes", "much", "mynah", "nice", "no", "nope", "noted", "ok", "okay",
    "perfect", "right", "sense", "so", "sorry", "super", "sure", "thank", "thanks", "that", "that's", "thx", "too",
    "true", "ty", "very", "welcome", "well", "will", "wonderful", "worries", "wow", "yeah", "yep", "yes", "you",
    "you're",
])  # fmt: skip
_SUM = re.compile(r"(?:what(?:'s| is)\s+)?\d+(?:\s*[+*×]\s*\d+)+\s*=?\s*\??", re.IGNORECASE)
_EMOJI = re.compile(r":[\w+'-]+:")


def small_talk(text: str, named: Callable[[str], bool] = lambda _: False) -> Kind | None:
    """What is said where nothing is asked of the database; None where something may be.

    `named` says whether a word alone is something in the database: a table of tests is asked for by "test".

    >>> small_talk("Hi there!"), small_talk("ok thanks a lot :tada:"), small_talk("test"), small_talk("2+2")
    ('hello', 'thanks', 'nothing', 'nothing')
    >>> small_talk("hi, what can you do?"), small_talk("hi, how many orders?"), small_talk("ok customers")
    ('help', None, None)
    >>> small_talk("test", {"test"}.__contains__)
    """
    if _SUM.fullmatch(text.strip()):
        return "nothing"
    said = _plain(text)
    if not is_chatter(_REST.sub(" ", said)):
        return None
    kind = next((kind for kind, pattern in _PARTS if pattern.search(said)), None)
    return kind or (None if named(said) else "nothing")


def wants_help(text: str) -> bool:
    """Whether somebody only says hello, or asks what can be asked.

    >>> wants_help("Help!"), wants_help("hello :wave:"), wants_help("hello, how many orders?"), wants_help("thanks")
    (True, True, False, False)
    """
    return _WHOLE.fullmatch(_plain(text)) is not None


def is_chatter(text: str) -> bool:
    """Whether all that somebody says is thanks, or a nod.

    >>> is_chatter("Great, thank you! :tada:"), is_chatter("and by country"), is_chatter("no refunds")
    (True, False, False)
    """
    words = re.findall(r"[\w']+", _EMOJI.sub(" ", text).lower().replace("’", "'"))
    return _IDLE.issuperset(words)


def _plain(text: str) -> str:
    """Lower-case words with a space between them; no emoji, no marks."""
    return " ".join(re.findall(r"[\w']+", _EMOJI.sub(" ", text.lower().replace("’", "'"))))
