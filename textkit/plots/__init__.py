"""Plots for notebooks and reports: each function draws on one matplotlib Axes and returns it.

They need matplotlib: ``pip install textkit[plots]``. Without ``ax`` a plot gets a figure of its own, ``ax.figure``.
"""

from textkit.plots.axes import save_plot
from textkit.plots.classification import calibration, confusion_matrix, explanation, f1_scores
from textkit.plots.texts import coverage, padding, repetition
from textkit.plots.training import learning_curves
from textkit.plots.word_vectors import analogies, neighbors, similarity, word_map

__all__ = [
    "analogies",
    "calibration",
    "confusion_matrix",
    "coverage",
    "explanation",
    "f1_scores",
    "learning_curves",
    "neighbors",
    "padding",
    "repetition",
    "save_plot",
    "similarity",
    "word_map",
]
