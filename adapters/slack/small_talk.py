"""What people write that is no question: greetings, calls for help, thanks, and words to one another."""

from __future__ import annotations

import re

_HELP = re.compile(
    r"(?:hi|hello|hey|help|help me|hi there|hello there|good (?:morning|afternoon|evening)|are you there"
    r"|what can (?:you do|i ask(?: you)?)|how (?:do|does) (?:you|this|it) work|who are you)",
    re.IGNORECASE,
)
_IDLE = frozenset([
    "a", "awesome", "cheers", "cool", "do", "done", "exactly", "excellent", "good", "got", "great", "haha", "helps",
    "interesting", "it", "lol", "lot", "makes", "much", "mynah", "nice", "no", "nope", "noted", "ok", "okay",
    "perfect", "right", "sense", "so", "sorry", "super", "sure", "thank", "thanks", "that", "that's", "thx", "too",
    "true", "ty", "very", "welcome", "well", "will", "wonderful", "worries", "wow", "yeah", "yep", "yes", "you",
    "you're",
])  # fmt: skip
_EMOJI = re.compile(r":[\w+'-]+:")
_SOMEBODY = re.compile(r"<(?:@(?P<user>[A-Z0-9]+)|!(?:channel|here|everyone|subteam\^[A-Z0-9]+))(?:\|[^>]*)?>")


def wants_help(question: str) -> bool:
    """Whether somebody only says hello, or asks what can be asked.

    >>> wants_help("Help!"), wants_help("hello :wave:"), wants_help("hello, how many orders?")
    (True, True, False)
    """
    return _HELP.fullmatch(re.sub(r"[^\w\s']", " ", _EMOJI.sub(" ", question)).strip()) is not None


def is_chatter(text: str) -> bool:
    """Whether there is nothing to ask in what somebody says in a thread.

    >>> is_chatter("Great, thank you! :tada:"), is_chatter("and by country"), is_chatter("no refunds")
    (True, False, False)
    """
    words = re.findall(r"[\w']+", _EMOJI.sub(" ", text).lower().replace("’", "'"))
    return _IDLE.issuperset(words)


def to_others(text: str, bot_user: str) -> bool:
    """Whether a message, as Slack writes it, turns to people and not to the bot.

    >>> to_others("<@U2> have a look", "U1"), to_others("<@U1> and <@U2>", "U1"), to_others("by month", "U1")
    (True, False, False)
    """
    users = {match["user"] for match in _SOMEBODY.finditer(text)}
    return bool(users) and bot_user not in users
