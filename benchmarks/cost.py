"""FLOPs and parameters of every detector at 1x3x800x1280 with one class, beside the published values (Table 3).

    python benchmarks/cost.py
"""
from __future__ import annotations

from mmengine.config import Config

from common import ROOT, save
from fdrd.published import published
from mminspect.experiments.complexity import complexity_of

SHAPE = (800, 1280)
#: Name, config, row of the paper's Table 3.
ROWS = (
    ('GFL-R18 (student)', 'gfl_r18_48e_medicine', 'our student'),
    ('GFL-R50', 'detectors/gfl_r50_48e_medicine', 'gfl'),
    ('teacher: semantic FPN + SE', 'teacher/semantic-se_r50_48e_medicine', 'our teacher'),
    ('ATSS-R50', 'detectors/atss_r50_48e_medicine', 'atss'),
    ('YOLOF-R50', 'detectors/yolof_r50_48e_medicine', 'yolof'),
    ('VFNet-R50', 'detectors/vfnet_r50_48e_medicine', 'vfnet'),
    ('TOOD-R50', 'detectors/tood_r50_48e_medicine', 'tood'),
    ('Faster R-CNN-R50', 'detectors/faster-rcnn_r50_48e_medicine', 'faster r-cnn'),
)


def main() -> None:
    rows = []
    for name, config, row in ROWS:
        theirs = published(f'table3/{row}')
        cost = complexity_of(Config.fromfile(ROOT / 'configs/fdrd' / f'{config}.py'), SHAPE)
        rows.append(dict(name=name, config=f'configs/fdrd/{config}.py', gflops=cost.flops / 1e9,
                         trainable=cost.trainable, params=cost.params, published_gflops=theirs['FLOPs'],
                         published_mparams=theirs['params']))
        print(f'{name:28s} {cost.flops / 1e9:8.3f} G  {cost.trainable:,}')
    save('cost', seed=None, shape=list(SHAPE), rows=rows)


if __name__ == '__main__':
    main()
