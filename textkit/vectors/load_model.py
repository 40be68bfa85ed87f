"""Open files of other programs that are more than words with their vectors."""

from pathlib import Path

from textkit.fasttext.model_file import is_model_file
from textkit.files.compression import inner_suffix
from textkit.vectors.floret_vectors import load_floret
from textkit.vectors.formats.floret_file import SUFFIX, FloretTable, read_floret
from textkit.vectors.formats.read_options import ReadOptions, check_own
from textkit.vectors.formats.spacy_folder import find_spacy_folder, read_spacy
from textkit.vectors.subword_vectors import SubwordVectors
from textkit.vectors.word_vectors import WordVectors


def load_model(path: Path, options: ReadOptions, format: str | None) -> WordVectors | None:
    """Open a model of fastText, a table of floret or a folder of spaCy's.

    Args:
        path: The file or folder.
        options: Words to keep; ``bad_rows`` is ignored for fastText and floret: any defect of such a file is an error.
        format: Format to use regardless of the suffix.

    Returns:
        The vectors; None if it is another file. With ``words`` or ``limit`` the vectors of these words, without
        n-grams.

    Raises:
        ValueError: If the file is damaged or an argument is invalid; the message names the file.
    """
    if format is None and (is_model_file(path) or path.suffix == ".ftz"):
        check_own(path, options)
        return _fasttext(path, options)
    if format == "floret" or (format is None and inner_suffix(path) == SUFFIX):
        return load_floret(read_floret(path), path, options)
    if format is None and path.is_dir() and (folder := find_spacy_folder(path)) is not None:
        table = read_spacy(folder, options)
        if isinstance(table, FloretTable):
            return load_floret(table, folder, options)
        try:
            return WordVectors(table.words, table.matrix)
        except ValueError as error:
            raise ValueError(f"{folder / 'vectors'}: {error}") from error
    return None


def _fasttext(path: Path, options: ReadOptions) -> WordVectors:
    vectors = SubwordVectors.load(path, encoding_errors=options.encoding_errors)
    if options.words is None and options.limit is None:
        return vectors
    wanted = options.words
    words = [word for word in vectors.words if wanted is None or word in wanted][: options.limit]
    return vectors.subset(words)
