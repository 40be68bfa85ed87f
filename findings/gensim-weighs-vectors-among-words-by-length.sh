#!/usr/bin/env bash
# gensim 4.4.0: KeyedVectors.most_similar(positive=[...]) scales words to length 1 before it adds them up, but adds an array
# as it is, so that a long vector outweighs the words. The same two directions give different nearest words.
# Fails if this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q gensim==4.4.0 2>/dev/null
cat >"$work/try.py" <<'PYTHON'
import gensim
import numpy as np
from gensim.models import KeyedVectors

vectors = KeyedVectors(2)
names = ["east", "north", "northeast", "east by north"]
vectors.add_vectors(names, np.array([[9.0, 0.0], [0.0, 1.0], [1.0, 1.0], [9.0, 1.0]], dtype=np.float32))
words = vectors.most_similar(positive=["east", "north"], topn=1)[0][0]
mixed = vectors.most_similar(positive=[vectors["east"], "north"], topn=2)
mixed = next(name for name, _ in mixed if name != "east")
print(f"gensim {gensim.__version__}: nearest to two words: {words}; to a vector and a word: {mixed}")
assert (words, mixed) == ("northeast", "east by north")
PYTHON
"$work/env/bin/python" "$work/try.py"
