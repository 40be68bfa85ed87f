"""Use word vectors in a spaCy pipeline."""

from typing import TYPE_CHECKING

import numpy as np

from textkit.vectors.vector_table import VectorTable

if TYPE_CHECKING:
    from spacy.language import Language


def set_spacy_vectors(table: VectorTable, nlp: "Language") -> None:
    """Replace the vectors of a pipeline; see `WordVectors.to_spacy`.

    Args:
        table: Word vectors; they are copied.
        nlp: Pipeline, changed in place.
    """
    from spacy.vectors import Vectors

    # The keys are hashes; a saved pipeline needs the strings to map them back to words.
    keys = [nlp.vocab.strings.add(word) for word in table.words]
    nlp.vocab.vectors = Vectors(
        strings=nlp.vocab.strings, data=np.array(table.matrix), keys=keys, name=f"{nlp.meta['lang']}_textkit"
    )
