"""Names by which links lead to headings."""

import re
from collections.abc import Iterable
from itertools import count


def anchors(headings: Iterable[str]) -> list[str]:
    """One for each heading, as GitHub makes them: "How it was run" -> "how-it-was-run".

    One that is taken already gets a number: "results", "results-1".
    """
    found: list[str] = []
    for heading in headings:
        plain = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") or "section"
        numbered = (f"{plain}-{number}" for number in count(1))
        found.append(plain if plain not in found else next(n for n in numbered if n not in found))
    return found
