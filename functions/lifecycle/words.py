"""How amounts read in a sentence."""


def usd(amount: float) -> str:
    """``USD 4.00``."""
    return f"USD {amount:,.2f}"


def duration(seconds: float) -> str:
    """``47 s``, ``11 min 4 s``, ``2 h 5 min``."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if whole < 60:
        return f"{whole} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def plural(count: int, word: str) -> str:
    """``1 minute``, ``5 minutes``."""
    return f"{count} {word}{'' if count == 1 else 's'}"
