#!/usr/bin/env bash
# tokenizers 0.23.3: UnigramTrainer learns another tokenizer in each process, from the same texts with the same settings,
# and has no random seed to set. BpeTrainer gives the same tokenizer every time. So a unigram tokenizer must be saved: it
# cannot be trained again. Fails if any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q tokenizers==0.23.3 2>/dev/null
cat >"$work/train.py" <<'PYTHON'
import random
import sys

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

draw = random.Random(1)
syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
words = ["".join(draw.choices(syllables, k=draw.randint(1, 4))) for _ in range(800)]
texts = [" ".join(draw.choices(words, k=12)) for _ in range(600)]
if sys.argv[1] == "unigram":
    model, trainer = models.Unigram(), trainers.UnigramTrainer(vocab_size=300, show_progress=False)
else:
    model, trainer = models.BPE(), trainers.BpeTrainer(vocab_size=300, show_progress=False)
tokenizer = Tokenizer(model)
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer.train_from_iterator(texts, trainer)
print(tokenizer.to_str())
PYTHON
status=0
for kind in unigram bpe; do
    for run in 1 2 3 4; do
        "$work/env/bin/python" "$work/train.py" "$kind" | sha256sum
    done >"$work/$kind"
    found=$(sort -u "$work/$kind" | wc -l)
    echo "tokenizers 0.23.3, $kind: $found different tokenizers in 4 processes"
    if [ "$kind" = bpe ]; then [ "$found" -eq 1 ] || status=1; else [ "$found" -gt 1 ] || status=1; fi
done
exit $status
