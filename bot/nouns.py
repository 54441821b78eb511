"""Names of tables and columns as English words: `order_items` → "order items", singular and plural."""

from __future__ import annotations

import re

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CAPITALS = {"id": "ID", "url": "URL", "sku": "SKU", "vat": "VAT", "iban": "IBAN", "ip": "IP", "hr": "HR"}
_UNCHANGING = frozenset(
    {"series", "species", "staff", "people", "inventory", "stock", "news", "data", "equipment"}
)
_MASS = frozenset({"inventory", "stock", "data", "equipment", "news"})
_IRREGULAR = {"person": "people", "child": "children", "man": "men", "woman": "women"}
_SINGULAR = {
    **{plural: singular for singular, plural in _IRREGULAR.items() if plural != "people"},
    "movies": "movie", "cookies": "cookie", "sizes": "size", "prizes": "prize", "causes": "cause",
}  # fmt: skip


def words_of(name: str) -> list[str]:
    """The lower-case words of an identifier: "unitPrice" and "unit_price" → unit, price."""
    return [word.lower() for word in re.split(r"[\W_]+", _CAMEL.sub("_", name)) if word]


def spoken(name: str) -> str:
    """An identifier as words: "order_items" → "order items", "customer_id" → "customer ID"."""
    return " ".join(_CAPITALS.get(word, word) for word in words_of(name)) or name.strip()


def heading(text: str) -> str:
    """With a capital first letter, and nothing else changed."""
    return text[:1].upper() + text[1:]


def lowered(text: str) -> str:
    """A heading inside a sentence: "Order date" → "order date", but "ID" and "VAT number" stay."""
    return text if text[:1].isupper() and text[1:2].isupper() else text[:1].lower() + text[1:]


def plural(phrase: str) -> str:
    """The plural of a phrase by its last word: "job title" → "job titles", "city" → "cities"."""
    head, space, last = phrase.rpartition(" ")
    return f"{head}{space}{_plural(last)}"


def rows_of(table: str) -> str:
    """What a count of a table's rows counts: "orders", "order items", but "inventory rows"."""
    words = spoken(table)
    return f"{words} rows" if words.rpartition(" ")[2] in _MASS else plural(words)


def singular(phrase: str) -> str:
    """The singular of a phrase by its last word: "order items" → "order item"."""
    head, space, last = phrase.rpartition(" ")
    return f"{head}{space}{_singular(last)}"


def nth(place: int) -> str:
    """ "2nd", "11th"."""
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{place}{'th' if place % 100 in (11, 12, 13) else ends.get(place % 10, 'th')}"


def _plural(word: str) -> str:
    if word in _UNCHANGING:
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word != _singular(word):
        return word  # a plural already
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    if re.search(r"(s|x|z|ch|sh)$", word):
        return word + "es"
    return word + "s"


def _singular(word: str) -> str:
    if word in _UNCHANGING or len(word) < 4:
        return word
    if word in _SINGULAR:
        return _SINGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if re.search(r"(ss|x|z|ch|sh|[^o]us)es$", word):
        return word[:-2]
    return word if re.search(r"(s|u|i)s$", word) or not word.endswith("s") else word[:-1]
