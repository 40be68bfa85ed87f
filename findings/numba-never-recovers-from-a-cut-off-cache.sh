#!/usr/bin/env bash
# numba 0.68.1: once a cache file of an njit(cache=True) function has become empty or short, as a power cut can leave it,
# the function raises EOFError (empty) or UnpicklingError (short) at its first call in every later process. It is not
# compiled again until somebody deletes the file. Fails if any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q numba==0.68.1 numpy==2.4.6 2>/dev/null
cd "$work"
cat >twice.py <<'PYTHON'
from numba import njit


@njit(cache=True)
def twice(x):
    return 2 * x


try:
    print(twice(21))
except Exception as error:
    print(type(error).__name__)
PYTHON
run() { "$work/env/bin/python" twice.py; }
seen=$(
    run
    for kind in nbi nbc; do
        for left in 0 20; do
            rm -rf __pycache__
            run >/dev/null
            truncate -s "$left" __pycache__/*."$kind"
            echo "$kind cut to $left bytes: $(run), and once more: $(run)"
        done
    done
)
echo "numba $("$work/env/bin/python" -c 'import numba; print(numba.__version__)'):"
echo "$seen"
[ "$seen" = "42
nbi cut to 0 bytes: EOFError, and once more: EOFError
nbi cut to 20 bytes: UnpicklingError, and once more: UnpicklingError
nbc cut to 0 bytes: EOFError, and once more: EOFError
nbc cut to 20 bytes: UnpicklingError, and once more: UnpicklingError" ]
