#!/bin/bash
# Everything that needs a GPU, in order of importance, in seven minutes on an H100-class card and a minute to set up.
#
#   python benchmarks/gpu_pack.py PACKED               # before, where the data are
#   bash benchmarks/gpu_all.sh PACKED OUT              # there: no network, nothing to install
#
#   python benchmarks/gpu_pack.py SMALL --small        # to rehearse the same parts on a CPU
#   DEVICE=cpu bash benchmarks/gpu_all.sh SMALL OUT
#
# Each part has its own limit and writes its figures to OUT as it goes, and its name, exit status and seconds to
# OUT/parts.txt; 124 is a part that outran its limit. None stops the next. After SECONDS_IN_ALL no part goes on.
# Python needs torch, triton, numpy, numba, scipy, scikit-learn, safetensors and tqdm; with pytest, the tests
# that need a GPU run as well.
set -u
packed=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
cd "$(dirname "$0")/.." || exit 1
device=${DEVICE:-cuda}
python=${PYTHON:-python3}
in_all=${SECONDS_IN_ALL:-420}
export TEXTKIT_DATA="$packed/data" PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
export TEXTKIT_CACHE="$out" # nothing is kept there; named so that pooch is not asked for a folder
log="$out/log.txt"
: >"$out/parts.txt"

part() { # seconds, name, command ...
    local limit=$1 name=$2 begin=$SECONDS left=$((in_all - SECONDS))
    shift 2
    if [ "$left" -lt 1 ]; then
        echo "$name: left out after $SECONDS s" | tee -a "$out/parts.txt" "$log"
        return
    fi
    echo "== $name" | tee -a "$log"
    timeout -k 5 $((limit < left ? limit : left)) "$@" >"$out/part.txt" 2>&1
    local status=$?
    tr '\r' '\n' <"$out/part.txt" | tail -n 300 >>"$log"
    tr '\r' '\n' <"$out/part.txt" | tail -n 15 | cut -c1-300
    echo "$name: status $status after $((SECONDS - begin)) s" | tee -a "$out/parts.txt" "$log"
    rm -f "$out/part.txt"
}

{
    date
    command -v nvidia-smi >/dev/null &&
        nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,power.limit --format=csv
    "$python" -c 'import sys, torch, numpy; print(sys.version, torch.__version__, numpy.__version__)'
    nproc
    command -v gcc cc clang # Triton builds its launcher with one of them
} >"$log" 2>&1

if [ "$device" = cpu ]; then
    kernel=(-m "not gpu and not slow" -k "measuring or memory")
    vectors=("$packed/tales" --tokens 500 --seeds 1 --epochs 1 --dim 16 --unscored)
    characters=(--recipe tales)
    words=(--recipe tales)
    texts=(--data reviews --texts 100 --epochs 1)
    transformer=(--small --batch-size 4)
else
    kernel=(-m gpu)
    vectors=("$packed/wiki8")
    characters=(--recipe shakespeare)
    words=(--recipe awd-ptb --epochs 1)
    texts=(--data imdb)
    transformer=()
fi
same=(--device "$device" --packed "$packed")
cnn=(--model cnn --seeds 1 "${texts[@]}" "${same[@]}")

part 60 kernel "$python" -m pytest -q -p no:cacheprovider "${kernel[@]}" tests/kernels/test_skip_gram_gpu.py tests/models/test_float16_lstm.py
part 120 word2vec "$python" benchmarks/word2vec_gpu.py "${vectors[@]}" --device "$device" --json "$out/word2vec_gpu.json"
part 75 characters "$python" benchmarks/language_model.py "${characters[@]}" "${same[@]}" --json "$out/characters.json"
part 90 cnn "$python" benchmarks/classification.py "${cnn[@]}" --precision bfloat16 --json "$out/cnn.json"
part 90 transformer "$python" benchmarks/transformer_gpu.py "${transformer[@]}" --device "$device" --json "$out/transformer.json"
part 90 words "$python" benchmarks/language_model.py "${words[@]}" "${same[@]}" --json "$out/words.json"
part 75 cnn-float32 "$python" benchmarks/classification.py "${cnn[@]}" --precision float32 --json "$out/cnn_float32.json"
cat "$out/parts.txt"
