#!/bin/bash
# Everything that needs a GPU, in order of importance, in less than eight minutes on an H100-class card.
#
#   python benchmarks/gpu_pack.py PACKED          # before, where the data are
#   bash benchmarks/gpu_all.sh PACKED OUT         # there: no network, nothing to install
#
# Each part has its own limit and writes to OUT as it goes; a part that fails does not stop the next.
# With DEVICE=cpu it is rehearsed at a small size, Triton's kernels in the interpreter.
set -u
packed=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
cd "$(dirname "$0")/.." || exit 1
device=${DEVICE:-cuda}
python=${PYTHON:-python3}
export TEXTKIT_DATA="$packed/data" PYTHONPATH="$PWD" PYTHONUNBUFFERED=1
export TEXTKIT_CACHE="$out" # nothing is kept there; named so that pooch is not asked for a folder
log="$out/log.txt"

part() { # seconds, name, command ...
    local limit=$1 name=$2 begin=$SECONDS
    shift 2
    echo "== $name" | tee -a "$log"
    timeout -k 5 "$limit" "$@" >"$out/part.txt" 2>&1
    local status=$?
    tr '\r' '\n' <"$out/part.txt" | tail -n 300 >>"$log"
    tr '\r' '\n' <"$out/part.txt" | tail -n 15 | cut -c1-300
    echo "== $name: status $status after $((SECONDS - begin)) s" | tee -a "$log"
}

{
    date
    nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,power.limit --format=csv 2>&1
    "$python" -c 'import sys, torch, triton, numpy; print(sys.version, torch.__version__, triton.__version__, numpy.__version__)'
    nproc
    command -v gcc cc clang # Triton builds its launcher with one of them
} >"$log" 2>&1

if [ "$device" = cpu ]; then
    export TRITON_INTERPRET=1
    part 100 kernel "$python" -m pytest -q -k "pairs_are_those or measuring" tests/kernels/test_skip_gram_gpu.py
    part 60 word2vec "$python" benchmarks/word2vec_gpu.py "$packed/wiki8" --device cpu --tokens 1000 --seeds 1 \
        --epochs 1 --json "$out/word2vec_gpu.json"
    part 60 imdb "$python" benchmarks/classifier_gpu.py --device cpu --texts 200 --epochs 1 \
        --json "$out/classifier_gpu.json"
    rm -f "$out/part.txt"
    exit
fi

part 90 kernel "$python" -m pytest -q -m gpu -o filterwarnings=default -p no:cacheprovider --durations=10 tests/kernels/test_skip_gram_gpu.py
part 145 word2vec "$python" benchmarks/word2vec_gpu.py "$packed/wiki8" --seconds 110 --json "$out/word2vec_gpu.json"
part 70 shakespeare "$python" benchmarks/language_model.py --recipe shakespeare --device cuda --json "$out/shakespeare.json"
part 115 imdb "$python" benchmarks/classifier_gpu.py --json "$out/classifier_gpu.json"
part 50 awd-ptb "$python" benchmarks/language_model.py --recipe awd-ptb --device cuda --epochs 1 --json "$out/awd_ptb.json"
rm -f "$out/part.txt"
