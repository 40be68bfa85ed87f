"""Vectors handed to a spaCy pipeline."""

from typing import TYPE_CHECKING

import numpy as np

from textkit.vectors.vector_table import VectorTable

if TYPE_CHECKING:
    from spacy.language import Language


def set_spacy_vectors(table: VectorTable, nlp: "Language") -> None:
    """Put vectors in the place of those of a pipeline; see `WordVectors.to_spacy`.

    Args:
        table: The vectors; copied.
        nlp: The pipeline, which is changed.
    """
    from spacy.vectors import Vectors

    # The keys are hashes; without the strings a saved pipeline could not tell which words they are.
    keys = [nlp.vocab.strings.add(word) for word in table.words]
    nlp.vocab.vectors = Vectors(
        strings=nlp.vocab.strings, data=np.array(table.matrix), keys=keys, name=f"{nlp.meta['lang']}_textkit"
    )
