#!/usr/bin/env bash
# tokenizers 0.23.3 (Hugging Face): encode_batch_fast(), which leaves out the offsets, returns encodings with the right
# ids, but every string in their .tokens is empty. encode_batch() has both. Fails if this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q tokenizers==0.23.3 2>/dev/null
cat >"$work/try.py" <<'PYTHON'
import tokenizers
from tokenizers import Tokenizer, models, pre_tokenizers

tokenizer = Tokenizer(models.WordLevel({"a": 0, "film": 1, "[UNK]": 2}, unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
(usual,), (fast,) = tokenizer.encode_batch(["a film"]), tokenizer.encode_batch_fast(["a film"])
print(f"tokenizers {tokenizers.__version__}: encode_batch: {usual.ids} {usual.tokens}")
print(f"tokenizers {tokenizers.__version__}: encode_batch_fast: {fast.ids} {fast.tokens}")
assert usual.ids == fast.ids == [0, 1]
assert usual.tokens == ["a", "film"]
assert fast.tokens == ["", ""]
PYTHON
"$work/env/bin/python" "$work/try.py"
