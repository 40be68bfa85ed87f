"""How the site is built: ``python -m sphinx -W --keep-going -b html docs build/site``."""

import sys
from pathlib import Path
from types import GenericAlias

import numpy.typing

from textkit import __version__

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
# Annotations are shown as they are written, not as what these names stand for.
numpy.typing.ArrayLike = type("ArrayLike", (), {"__module__": "numpy.typing"})
numpy.typing.NDArray = type(
    "NDArray", (), {"__module__": "numpy.typing", "__class_getitem__": classmethod(GenericAlias)}
)

project = "textkit"
author = "The textkit authors"
copyright = author
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "myst_parser",
    "sphinx_copybutton",
    "command_reference",
    "docstrings",
]
exclude_patterns = ["_ext"]

# Pages: the same links work in a checkout and on the site.
myst_heading_anchors = 3
myst_links_external_new_tab = False

# Docstrings
default_role = "py:obj"  # `name` in a docstring
nitpicky = True  # each of these must exist; not in the reference are:
nitpick_ignore_regex = [
    (r"py:.*", r"(?!textkit\.)\w+\..*"),  # names of other libraries,
    (r"py:(class|exc)", r"Axes|Figure|Language|NotFittedError"),
    (r"py:class", r".*\._\w+"),  # private types
    (r"py:class", r"Unseen|HasTokens|Neighbors|WordSearch"),  # and what only annotations name
    (r"py:class", r"textkit\.(classifier\.fit_methods|data\.sources|evaluation\.word_lookup|fasttext\.model_file)\..*"),
    (r"py:class", r"textkit\.(models\.attention_cache|text\.named_tokenizer|text\.ranking|training\.ranks)\..*"),
    (r"py:class", r"textkit\.vectors\.embedding_layer\..*"),
    (r"py:class", r"textkit\.plots\.\w+\.Plotted\w+"),
]
python_use_unqualified_type_names = True
autodoc_member_order = "groupwise"
autodoc_default_options = {
    "members": True,
    "inherited-members": "Module, Protocol",
}
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_class_signature = "mixed"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
strip_signature_backslash = True  # for names such as classes_, which would be links otherwise
autosummary_generate = False

smartquotes_action = "D"  # dashes; quotes stay, as they are those of values
html_theme = "furo"
html_title = "textkit"
html_copy_source = False
html_show_sphinx = False
copybutton_prompt_text = "$ "
