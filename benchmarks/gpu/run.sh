#!/usr/bin/env bash
# On the GPU machine, in the checkout that prepare.sh packed for: images per second, one step of every kind of config,
# then trainings side by side.
#
#   OUT=FOLDER bash benchmarks/gpu/run.sh
#
# OUT gets fps.txt, smoke.txt and a log of every training; the status is that of the worst part. Sized for ten minutes.
# What is to be known is chosen by variables, an empty one leaves its part out:
#   FPS, SMOKE   config files and options of fps.py and of smoke.py
#   TRAIN        config files of trainings, which run at the same time; their data sets are those that were packed
#   SEEDS        seeds of every training (default: 0)
# MMINSPECT_DATASET and MMINSPECT_CATEGORY are passed on to configs that read them.
set -uo pipefail
cd "$(dirname "$0")/../.."
PACK=${PACK:-$PWD/.gpu}
WORK=${WORK:-$(mktemp -d)}
PYTHON=${PYTHON:-python3}
D=configs/fdrd
FPS=${FPS-$D/gfl_r18_48e_medicine.py $D/detectors/{gfl,atss,tood,vfnet,yolof,faster-rcnn}_r50_48e_medicine.py \
    $D/teacher/semantic-se_r50_48e_medicine.py configs/anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec.py}
SMOKE=${SMOKE-$D/gfl_r18_48e_medicine.py $D/detectors/*.py $D/teacher/semantic-*_r50_48e_medicine.py \
    configs/anomaly_rd/*/*_r18_20e_mvtec.py}
TRAIN=${TRAIN-configs/fdrd/deeppcb/gfl_r18_320_8e_deeppcb.py}
SEEDS=${SEEDS:-0}
STATUS=0

nvidia-smi -L 2> /dev/null || echo 'no GPU: on the CPU'
mkdir -p "$OUT" "$WORK/site" "$WORK/data"
tar xzf "$PACK/site.tgz" -C "$WORK/site" || exit 3
for set in "$PACK"/*.tar; do
    [ -e "$set" ] && tar xf "$set" -C "$WORK/data"
done
if ls "$PACK"/wheels/*.whl > /dev/null 2>&1; then
    "$PYTHON" -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --upgrade --target "$WORK/site" \
        "$PACK"/wheels/*.whl || exit 3
fi
export PYTHONPATH=$PWD/projects:$WORK/site MMINSPECT_DATA=$WORK/data MMINSPECT_WEIGHTS=$PACK/weights \
    OMP_NUM_THREADS=${OMP_NUM_THREADS:-2} PYTHONUNBUFFERED=1 PYTHONWARNINGS=ignore
"$PYTHON" -c 'import torch, torchvision, numpy, fdrd, anomaly_rd
print(torch.__version__, torchvision.__version__, numpy.__version__, torch.cuda.is_available())' || exit 3

train() {  # config, seed
    local name
    name=$(basename "$1" .py)_seed$2
    "$PYTHON" -W ignore tools/train.py "$1" --seed "$2" --work-dir "$WORK/runs/$name" > "$OUT/$name.log" 2>&1
    local status=$?
    echo "$name: status $status after $SECONDS s"
    return $status
}

# the patterns among the words are expanded here, with the checkout as the folder
eval "FPS=($FPS)" "SMOKE=($SMOKE)" "TRAIN=($TRAIN)" "SEEDS=($SEEDS)"
if [ ${#FPS[@]} -gt 0 ]; then  # alone on the machine
    timeout 150 "$PYTHON" -W ignore benchmarks/gpu/fps.py "${FPS[@]}" 2>&1 | tee "$OUT/fps.txt"
    STATUS=$((STATUS | PIPESTATUS[0]))
fi
PARTS=()
if [ ${#SMOKE[@]} -gt 0 ]; then
    timeout 200 "$PYTHON" -W ignore benchmarks/gpu/smoke.py "${SMOKE[@]}" > "$OUT/smoke.txt" 2>&1 &
    PARTS+=($!)
fi
for config in ${TRAIN[@]+"${TRAIN[@]}"}; do
    for seed in "${SEEDS[@]}"; do
        train "$config" "$seed" &
        PARTS+=($!)
    done
done
for part in ${PARTS[@]+"${PARTS[@]}"}; do
    wait "$part" || STATUS=1
done
[ -f "$OUT/smoke.txt" ] && cat "$OUT/smoke.txt"
echo "all after $SECONDS s"
exit $STATUS
