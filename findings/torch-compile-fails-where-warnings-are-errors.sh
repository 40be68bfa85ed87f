#!/usr/bin/env bash
# torch 2.13.0: a compiled function that is given the result of another operation fails where warnings are errors, as
# pytest's filterwarnings = ["error"] makes them. The compiler looks at .grad of its input, and hides the warning about
# that when it is shown, which is too late. Seen: InternalTorchDynamoError: UserWarning: The .grad attribute of a Tensor
# that is not a leaf Tensor is being accessed. Fails if the function answers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6 2>/dev/null
cat >"$work/try.py" <<'PYTHON'
import warnings

import torch


@torch.compile(backend="eager")
def doubled(values):
    return 2 * values


leaf = torch.ones(3, requires_grad=True)
print(f"torch {torch.__version__}:", doubled(leaf + 1).tolist(), "with warnings as they are")
torch.compiler.reset()
with warnings.catch_warnings():
    warnings.simplefilter("error", UserWarning)
    print("a leaf:", doubled(leaf).tolist())
    torch.compiler.reset()
    try:
        doubled(leaf + 1)
    except Exception as error:
        found = f"{type(error).__name__}: {str(error).splitlines()[0][:95]}"
    else:
        raise SystemExit("the result of an operation is taken, too")
print("the result of an operation:", found)
assert "InternalTorchDynamoError: UserWarning: The .grad attribute of a Tensor that is not a leaf" in found
PYTHON
"$work/env/bin/python" "$work/try.py"
