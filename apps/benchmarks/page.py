"""What the pages of all suites say alike."""


def table(heads: list[str], rows: list[list[str]]) -> str:
    """Markdown of a table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def provenance(record: dict, *packages: str) -> str:
    """A line on device, versions (of Keras, the backends and more packages), commit and time."""
    environment = next(iter(record["backends"].values()))["environment"]
    names = ("keras", "tensorflow", "jax", "torch", *packages)
    versions = ", ".join(f"{name} {environment['versions'][name]}" for name in names)
    return (
        f"{environment['device']} ({environment['cpu']}); {versions}; "
        f"commit {environment['commit']}; {record['started']}."
    )


def milliseconds(seconds: float) -> str:
    """Three digits, or all of those before the point."""
    return f"{1000 * seconds:.3g}" if seconds < 0.9995 else f"{1000 * seconds:,.0f}"
