#!/usr/bin/env bash
# spaCy 3.8.18: Tokenizer.to_bytes() keeps the patterns of its regular expressions, but not their flags. A tokenizer with
# an infix pattern compiled with re.IGNORECASE splits "1X2" and "1x2" alike; after from_bytes(to_bytes()) it splits only
# the case that stands in the pattern. nlp.to_disk() saves the tokenizer in this way. Fails if any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q spacy==3.8.18 2>/dev/null
cat >"$work/try.py" <<'PYTHON'
import re

import spacy
from spacy.tokenizer import Tokenizer

nlp = spacy.blank("en")
before = Tokenizer(nlp.vocab, infix_finditer=re.compile("x", re.IGNORECASE).finditer)
after = Tokenizer(nlp.vocab).from_bytes(before.to_bytes())
for name, tokenizer in (("before", before), ("after", after)):
    print(f"spaCy {spacy.__version__}, {name} saving:", [[token.text for token in tokenizer(text)] for text in ("1x2", "1X2")])
assert [token.text for token in before("1X2")] == ["1", "X", "2"]
assert [token.text for token in after("1x2")] == ["1", "x", "2"]
assert [token.text for token in after("1X2")] == ["1X2"]
PYTHON
"$work/env/bin/python" "$work/try.py"
