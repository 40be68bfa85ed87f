"""Project vectors onto a plane by PCA, UMAP or t-SNE.

``python -m textkit.explore.projection METHOD IN OUT`` does it in a process of its own, whose memory is freed when it
ends, and prints its progress as a line of JSON at a time.
"""

import io
import json
import logging
import re
import sys
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from textkit.checks import check_choice

Method = Literal["pca", "umap", "tsne"]
METHODS: tuple[Method, ...] = get_args(Method)
Points: TypeAlias = NDArray[np.float32]
Report: TypeAlias = Callable[[str, float], None]
"""Takes the name of the step and the fraction of it that is done, from 0 to 1."""

_LEAST = 5  # points; with fewer there are no neighbors to keep together
_ROWS_AT_ONCE = 1 << 14
_EXTENT = 0.98  # of the largest coordinate, so that the outermost points are not cut off
_TSNE_STEPS = 750  # 250 of early exaggeration and 500 after it, the defaults of openTSNE
_SEED = 0


def project(unit: Points, method: Method, report: Report = lambda step, done: None) -> Points:
    """Project unit vectors onto a plane. The result is the same on every call.

    Args:
        unit: Shape (words, dim), rows of length 1 or 0.
        method: "pca", "umap" (McInnes et al. 2018) or "tsne" (van der Maaten and Hinton 2008).
        report: Is told of the progress.

    Returns:
        Shape (words, 2), from -1 to 1, centered. With fewer than 5 words it is always that of PCA.

    Raises:
        ValueError: If the method is unknown.
        ImportError: If the package for the method is not installed.
    """
    check_choice("method", method, METHODS)
    start = principal_plane(unit)
    if method == "pca" or len(unit) < _LEAST:
        return _scaled(start)
    found = _umap(unit, start, report) if method == "umap" else _tsne(unit, start, report)
    return _scaled(found)


def principal_plane(unit: Points) -> Points:
    """Compute the coordinates of rows along their two principal components; shape (rows, 2).

    The sign of a component makes its largest entry positive, so that a map is not mirrored by chance.

    >>> principal_plane(np.array([[1, 0, 0], [-1, 0, 0], [0, 0.5, 0], [0, -0.5, 0]], np.float32)).round(1).tolist()
    [[1.0, 0.0], [-1.0, 0.0], [0.0, 0.5], [0.0, -0.5]]
    """
    dim = unit.shape[1]
    total, products = np.zeros(dim), np.zeros((dim, dim))
    for start in range(0, len(unit), _ROWS_AT_ONCE):
        block = unit[start : start + _ROWS_AT_ONCE].astype(np.float64)
        total += block.sum(axis=0)
        products += block.T @ block
    mean = total / max(1, len(unit))
    _, components = np.linalg.eigh(products / max(1, len(unit)) - np.outer(mean, mean))
    plane = components[:, ::-1][:, :2]  # eigenvalues ascend
    plane = plane * np.sign(plane[np.abs(plane).argmax(axis=0), range(plane.shape[1])])
    points = np.zeros((len(unit), 2), np.float32)
    points[:, : plane.shape[1]] = (unit - mean) @ plane
    return points


def _umap(unit: Points, start: Points, report: Report) -> Points:
    report("finding neighbors", 0)
    try:
        import umap
    except ImportError as error:
        raise ImportError("UMAP needs umap-learn, which is not installed; pip install 'textkit[explore]'") from error
    model = umap.UMAP(
        n_neighbors=min(15, len(unit) - 1),
        init=10 * _scaled(start),  # the size of its own initial layouts
        random_state=_SEED,
        n_jobs=1,  # its layout is only repeatable in one thread
        verbose=True,
        tqdm_kwds={"file": _Percentages(report), "bar_format": "{percentage:.0f}%", "mininterval": 0.3},
    )
    with redirect_stdout(io.StringIO()):  # of which it has no other way to be silent
        return np.asarray(model.fit_transform(unit), np.float32)


class _Percentages(io.StringIO):
    """A file that reports the percentages that a progress bar writes to it."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report

    def write(self, text: str) -> int:
        if found := re.search(r"(\d+)%", text):
            self._report("placing words", int(found[1]) / 100)
        return len(text)


def _tsne(unit: Points, start: Points, report: Report) -> Points:
    report("finding neighbors", 0)
    try:
        from openTSNE import TSNE
    except ImportError as error:
        raise ImportError("t-SNE needs openTSNE, which is not installed; pip install 'textkit[explore]'") from error
    steps = iter(range(10, _TSNE_STEPS + 1, 10))

    def callback(step: int, error: float, points: NDArray[np.float64]) -> bool:
        report("placing words", next(steps, _TSNE_STEPS) / _TSNE_STEPS)
        return False

    logging.getLogger("openTSNE").setLevel(logging.ERROR)  # it gives advice on small perplexities
    model = TSNE(
        perplexity=min(30, (len(unit) - 1) / 3),
        initialization=1e-4 * start / max(float(start.std(axis=0)[0]), 1e-12),  # as its own, by PCA
        callbacks=callback,
        callbacks_every_iters=10,
        random_state=_SEED,
        n_jobs=1,
    )
    return np.asarray(model.fit(unit), np.float32)


def _scaled(points: Points) -> Points:
    """Center points, and scale them such that all are from -1 to 1."""
    middle = (points.max(axis=0) + points.min(axis=0)) / 2 if len(points) else 0
    centered = points - middle
    extent = float(np.abs(centered).max(initial=0))
    return np.asarray(centered * (_EXTENT / extent if extent > 0 else 1), np.float32)


def _main(method: Method, source: str, target: str) -> None:
    stdout = sys.stdout

    def report(step: str, done: float) -> None:
        print(json.dumps({"step": step, "done": done}), file=stdout, flush=True)

    warnings.simplefilter("ignore")  # of deprecations within the packages
    try:
        points = project(np.load(Path(source), mmap_mode="r", allow_pickle=False), method, report)
    except ImportError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        sys.exit(1)
    np.save(Path(target), points, allow_pickle=False)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], sys.argv[3])  # type: ignore[arg-type]  # `project` checks it
