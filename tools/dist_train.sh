#!/usr/bin/env bash
# Train on several processes: tools/dist_train.sh CONFIG PROCESSES [arguments of tools/train.py]
# One process per GPU; without a GPU the processes share the CPU (gloo).
set -euo pipefail
config=${1:?usage: tools/dist_train.sh CONFIG PROCESSES [arguments of tools/train.py]}
processes=${2:?usage: tools/dist_train.sh CONFIG PROCESSES [arguments of tools/train.py]}
here=$(cd "$(dirname "$0")" && pwd)
exec "${PYTHON:-python}" -m torch.distributed.run --standalone --nproc_per_node "$processes" \
  "$here/train.py" "$config" --launcher pytorch "${@:3}"
