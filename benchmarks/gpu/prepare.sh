#!/usr/bin/env bash
# Pack what a bare GPU machine without a network needs beside this checkout: libraries, data sets, weights.
#
#   [MMINSPECT_DATA=...] [MMINSPECT_WEIGHTS=...] benchmarks/gpu/prepare.sh [SET ...]
#
# SETs are folders below MMINSPECT_DATA. Everything goes into PACK (default: .gpu of the checkout, which git ignores);
# copy it with the checkout, and there: OUT=FOLDER bash benchmarks/gpu/run.sh
#
# Of the libraries only those travel that are pure Python; torch, torchvision, numpy, scipy, OpenCV and scikit-learn are
# the machine's own. WHEELS are compiled for its Python (TARGET_PYTHON) and come from the package index; WHEELS= packs
# none.
set -euo pipefail
cd "$(dirname "$0")/../.."
PACK=${PACK:-$PWD/.gpu}
PYTHON=${PYTHON:-.venv/bin/python}
TARGET_PYTHON=${TARGET_PYTHON:-3.12}
WHEELS=${WHEELS-pycocotools==2.0.11 shapely==2.1.2}
LIBRARIES=${LIBRARIES-mmengine mmcv mmdet mmpretrain addict yapf yapf_third_party termcolor terminaltables rich \
    markdown_it mdurl pygments modelindex mat4py einops platformdirs}

mkdir -p "$PACK"
SITE=$("$PYTHON" -c 'import mmengine, pathlib; print(pathlib.Path(mmengine.__file__).parents[1])')
# the notes of each distribution too: mmengine asks for versions
mapfile -t FOLDERS < <(cd "$SITE" && for name in $LIBRARIES; do
    [ -e "$name" ] && echo "$name"
    find . -maxdepth 1 -iname "$name-*.dist-info" -o -maxdepth 1 -iname "onedl_$name-*.dist-info" | sed 's|^\./||'
done)
tar czf "$PACK/site.tgz" -C "$SITE" --exclude='__pycache__' --exclude='*.so' --exclude='mmpretrain/.mim' "${FOLDERS[@]}"

if [ -n "$WHEELS" ]; then
    mkdir -p "$PACK/wheels"
    # shellcheck disable=SC2086 # several words
    "$PYTHON" -m pip download -q --no-deps --only-binary=:all: --python-version "$TARGET_PYTHON" --implementation cp \
        --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
        -d "$PACK/wheels" $WHEELS
fi
for set in "$@"; do
    tar cf "$PACK/$set.tar" -C "${MMINSPECT_DATA:-data}" "$set"
done
mkdir -p "$PACK/weights"
find "${MMINSPECT_WEIGHTS:-weights}" -maxdepth 1 -name 'resnet18*.pth' -exec cp {} "$PACK/weights/" \;
echo "$(du -sm "$PACK" | cut -f1) MiB in $PACK"
