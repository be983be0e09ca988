"""FLOPs and parameters of every detector at 1x3x800x1280 with one class, beside the published values (Table 3).

    python benchmarks/cost.py
"""
from __future__ import annotations

from common import ROOT, save
from mmengine.config import Config
from mminspect.analysis.complexity import complexity_of

SHAPE = (800, 1280)
#: Name, config, published 10^9 FLOPs, published 10^6 parameters (Table 3 of the paper).
ROWS = (
    ('GFL-R18 (student)', 'gfl_r18_48e_medicine', 154.9, 19.1),
    ('GFL-R50', 'detectors/gfl_r50_48e_medicine', 204.5, 32.0),
    ('teacher: semantic FPN + SE', 'teacher/semantic-se_r50_48e_medicine', 212.1, 46.4),
    ('ATSS-R50', 'detectors/atss_r50_48e_medicine', 201.4, 31.9),
    ('YOLOF-R50', 'detectors/yolof_r50_48e_medicine', 98.2, 42.1),
    ('VFNet-R50', 'detectors/vfnet_r50_48e_medicine', 190.0, 32.5),
    ('TOOD-R50', 'detectors/tood_r50_48e_medicine', 149.2, 32.0),
    ('Faster R-CNN-R50', 'detectors/faster-rcnn_r50_48e_medicine', 193.8, 41.1),
)


def main() -> None:
    rows = []
    for name, config, flops, params in ROWS:
        cost = complexity_of(Config.fromfile(ROOT / 'configs/fdrd' / f'{config}.py'), SHAPE)
        rows.append(dict(name=name, config=f'configs/fdrd/{config}.py', gflops=cost.flops / 1e9,
                         trainable=cost.trainable, params=cost.params, published_gflops=flops,
                         published_mparams=params))
        print(f'{name:28s} {cost.flops / 1e9:8.3f} G  {cost.trainable:,}')
    save('cost', seed=None, shape=list(SHAPE), rows=rows)


if __name__ == '__main__':
    main()
