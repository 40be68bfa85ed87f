"""What docstrings refer to by other names than the site, and what of a class the site leaves out."""

import re

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode


def resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, text: nodes.TextElement) -> nodes.Node | None:
    """Return a reference to the only entry of a name, or None if there is none or several.

    Annotations and docstrings write ``textkit.vectors.word_vectors.WordVectors`` or ``WordVectors``, and the site has
    ``textkit.WordVectors``.
    """
    if node["refdomain"] != "py":
        return None
    module, _, name = node["reftarget"].rpartition(".")
    if module and not module.startswith("textkit"):
        return None
    entries = env.domains.python_domain.objects
    found = [full for full, entry in entries.items() if full.rpartition(".")[2] == name and not entry.aliased]
    if len(found) != 1:
        return None
    entry = entries[found[0]]
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, text, found[0])


def skip(app: Sphinx, what: str, name: str, member: object, skipped: bool, options: object) -> bool | None:
    """Leave out what a class inherits from other libraries."""
    module = getattr(member, "__module__", None) or "textkit"
    return None if module.startswith("textkit") else True


def shorten(app: Sphinx, document: nodes.document) -> None:
    """Leave the module out of types after a ``Literal``, which Sphinx does not take for names."""
    for field in document.findall(nodes.field_list):
        for text in list(field.findall(nodes.Text)):
            if "~" in text:
                text.parent.replace(text, nodes.Text(re.sub(r"~(?:\w+\.)*(\w+)", r"\1", text)))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register them."""
    app.connect("missing-reference", resolve)
    app.connect("autodoc-skip-member", skip)
    app.connect("doctree-read", shorten)
    return {"parallel_read_safe": True}
