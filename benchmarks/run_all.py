"""The quick benchmarks and the README's tables: ``make bench``.

The real-data runs are deeppcb.py, anomaly.py and anomaly_speed.py.
"""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS = ('cost.py', 'reassemble.py', 'distillation_step.py', 'anomaly_metrics.py', 'readme.py')


def main() -> None:
    for script in SCRIPTS:
        print(f'benchmarks/{script}', flush=True)
        subprocess.run([sys.executable, '-W', 'ignore', str(HERE / script)], check=True)


if __name__ == '__main__':
    main()
