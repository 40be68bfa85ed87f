#!/usr/bin/env bash
# torch 2.13.0: torch.distributed.destroy_process_group() normally ends the threads of gloo. Once an optimizer has been
# constructed after init_process_group(), it does not: the optimizer imports torch._dynamo, that imports
# torch.distributed.nn.functional, and the default values of that module's arguments (group=group.WORLD) keep the group
# of the moment of import for good. Such threads may then abort the process while Python shuts down. Importing the
# module before init_process_group() helps. Linux only, as it reads the names of threads. Fails if any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6 2>/dev/null
cat >"$work/try.py" <<'PYTHON'
import os
import sys
from pathlib import Path

import torch
from torch import distributed

optimizer, first = sys.argv[2:4]
if first == "yes":
    import torch.distributed.nn.functional
store = f"file://{sys.argv[1]}/store-{optimizer}-{first}"
distributed.init_process_group("gloo", init_method=store, rank=0, world_size=1)
distributed.all_reduce(torch.ones(1))
if optimizer == "yes":
    torch.optim.SGD([torch.ones(1, requires_grad=True)])
distributed.destroy_process_group()
names = [path.read_text() for path in Path("/proc/self/task").glob("*/comm")]
threads = sum("gloo_runloop" in name for name in names)
print(f"torch {torch.__version__}: optimizer: {optimizer}, module imported first: {first}: {threads} threads of gloo left")
os._exit(0 if (threads > 0) == (optimizer == "yes" and first == "no") else 1)  # no shutdown that could abort
PYTHON
for case in "no no" "yes no" "yes yes"; do
    # shellcheck disable=SC2086
    "$work/env/bin/python" -u "$work/try.py" "$work" $case
done
