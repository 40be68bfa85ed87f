#!/usr/bin/env bash
# torchtext 0.6.0 with torch 2.13.0: to find the length of the vectors in a file, Vectors passes over lines with two numbers
# behind the word, as if each were a header of word2vec's text format. A file in which each word has two numbers, as for a
# plot, therefore ends in a TypeError about the size of a tensor. With a third number it is read. Fails if this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q torch==2.13.0 torchtext==0.6.0 six sentencepiece numpy 2>/dev/null
cat >"$work/try.py" <<'PYTHON'
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
from torchtext.vocab import Vectors

folder = Path(sys.argv[1])
for numbers, expected in (("1.5 2.5", None), ("1.5 2.5 3.5", [1.5, 2.5, 3.5])):
    name = f"vectors{len(numbers.split())}.txt"
    (folder / name).write_text("".join(f"{word} {numbers}\n" for word in ("the", "cat", "sat")))
    try:
        found = Vectors(str(folder / name), cache=str(folder / "cache"))["cat"].tolist()
    except TypeError as error:
        found = None
        print(f"{numbers.split()}: TypeError: {str(error)[:60]}...")
    else:
        print(f"{numbers.split()}: {found}")
    assert found == expected
PYTHON
"$work/env/bin/python" "$work/try.py" "$work" 2>/dev/null
