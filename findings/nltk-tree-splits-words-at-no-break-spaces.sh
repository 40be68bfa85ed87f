#!/usr/bin/env bash
# nltk 3.10.4: Tree.fromstring ends a word at every Unicode space, also at a no-break space (U+00A0), which the Stanford
# Sentiment Treebank has inside of words such as "2 1\/2". Such a node, a word with a label, gets two leaves, and the tree
# written back has a common space there. Fails if this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q nltk==3.10.4 2>/dev/null
cat >"$work/try.py" <<'PYTHON'
import nltk

line = "(2 (2 2\u00a01\\/2) (2 hours))"
tree = nltk.Tree.fromstring(line)
print(f"nltk {nltk.__version__}: two words in the file, leaves: {tree.leaves()}; written back: {str(tree)!r}")
assert tree.leaves() == ["2", "1\\/2", "hours"]
assert str(tree) == line.replace("\u00a0", " ")
PYTHON
"$work/env/bin/python" "$work/try.py"
