"""Small pieces of sentences."""

from collections.abc import Sequence


def listed(parts: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def counted(count: int, noun: str) -> str:
    """ "1 seed", "2 seeds"."""
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


def seeds_text(seeds: Sequence[int]) -> str:
    """ "5 seeds (0 to 4)", "2 seeds (0 and 3)"; one is "1 seed (3)"."""
    consecutive = len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[-1] + 1))
    which = f"{seeds[0]} to {seeds[-1]}" if consecutive else listed([str(one) for one in seeds])
    return f"{counted(len(seeds), 'seed')} ({which})"


def p_text(p: float) -> str:
    """ "p = 0.031", "p < 0.001"."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def seconds_text(seconds: float) -> str:
    """Three digits, or all of those before the point: "0.57 s", "1,234 s"."""
    return f"{seconds:.3g} s" if seconds < 999.5 else f"{seconds:,.0f} s"


def confidence_text(confidence: float) -> str:
    """0.95 -> "95%"."""
    return f"{100 * confidence:.8g}%"
