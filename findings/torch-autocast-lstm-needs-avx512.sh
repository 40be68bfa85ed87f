#!/usr/bin/env bash
# torch 2.13.0 on a CPU: an LSTM trained under torch.autocast in bfloat16 raises on x86 processors without AVX-512
# ("could not create a primitive descriptor for the LSTM forward propagation primitive"). Autocast hands the layer to
# oneDNN and does not fall back, although the same LSTM with bfloat16 weights and inputs trains, and so does a GRU under
# autocast. ONEDNN_MAX_CPU_ISA=AVX2 shows it on newer processors too. Fails if any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6 2>/dev/null
cat >"$work/try.py" <<'PYTHON'
import torch


def trains(layer, dtype, autocast):
    layer = layer(3, 4, batch_first=True).to(dtype)
    try:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            layer(torch.ones(2, 5, 3, dtype=dtype))[0].float().sum().backward()
    except RuntimeError as error:
        return str(error).split(".")[0]
    return "trains"


seen = {
    "LSTM, autocast": trains(torch.nn.LSTM, torch.float32, True),
    "LSTM, all bfloat16": trains(torch.nn.LSTM, torch.bfloat16, False),
    "GRU, autocast": trains(torch.nn.GRU, torch.float32, True),
}
for name, outcome in seen.items():
    print(f"torch {torch.__version__}: {name}: {outcome}")
assert list(seen.values()) == [
    "could not create a primitive descriptor for the LSTM forward propagation primitive",
    "trains",
    "trains",
]
PYTHON
ONEDNN_MAX_CPU_ISA=AVX2 "$work/env/bin/python" "$work/try.py"
