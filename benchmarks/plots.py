"""Pictures for docs/evidence/benchmarks.md: small SVG files that differ only where their figures do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.report import PICTURES

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@contextmanager
def plot(name: str, x: str, y: str, *, logarithmic: bool = False) -> "Iterator[Axes]":
    """A picture of one diagram, written to docs/evidence/plots/ when it is drawn."""
    # Whoever imports a benchmark for its figures does not wait for this.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update({"svg.hashsalt": "custom-labels-lifecycle", "svg.fonttype": "none", "font.size": 8})
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel=x, ylabel=y)
    if logarithmic:
        axes.set(xscale="log", yscale="log")
    axes.grid(visible=True, alpha=0.3)
    yield axes
    PICTURES.mkdir(exist_ok=True)
    figure.savefig(PICTURES / f"{name}.svg", metadata={"Date": None})
