"""Pictures for docs/evidence/benchmarks.md: small SVG files that differ only where their figures do."""

from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.report import PICTURES

mpl.rcParams.update({"svg.hashsalt": "custom-labels-lifecycle", "svg.fonttype": "none", "font.size": 8})


@contextmanager
def plot(name: str, x: str, y: str, *, logarithmic: bool = False) -> Iterator[Axes]:
    """A picture of one diagram, written to docs/evidence/plots/ when it is drawn."""
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel=x, ylabel=y)
    if logarithmic:
        axes.set(xscale="log", yscale="log")
    axes.grid(visible=True, alpha=0.3)
    yield axes
    PICTURES.mkdir(exist_ok=True)
    figure.savefig(PICTURES / f"{name}.svg", metadata={"Date": None})
