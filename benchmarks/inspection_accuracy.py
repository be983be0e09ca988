"""What exporting and lower precision do to the accuracy, on real images with trained models, in one run.

    MMINSPECT_DATA=... MMINSPECT_WEIGHTS=... python benchmarks/inspection_accuracy.py [--images 500]

The distilled student of benchmarks/deeppcb.py on DeepPCB's validation images, RD4AD of benchmarks/anomaly.py on
mvtec_screw's test images; seed 0 of both, which have to be there. int8 takes its ranges from 40 training images.
"""
from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, DefaultScope

from common import ROOT, save
from fdrd.evaluation import InspectionCocoMetric
from inspection_forms import open_forms
from mminspect import runtime
from mminspect.core.errors import UserError
from mminspect.inspection import Inspector
from mminspect.inspection.export.accuracy import load_test_set, measure
from mminspect.inspection.network import Network
from mminspect.inspection.networks import build_network

WORK = ROOT / 'work_dirs'
OUT = WORK / 'benchmarks' / 'accuracy'
STUDENT = 'fdrd/deeppcb/ckd_gfl_r18_320_8e_deeppcb', WORK / 'ckd_gfl_r18_320_8e_deeppcb_seed0' / 'epoch_8.pth'
ANOMALY = ('anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec',
           WORK / 'anomaly' / 'screw' / 'rd4ad_r18_20e_mvtec_seed0' / 'epoch_20.pth')


def load(config: str, checkpoint: Path) -> Config:
    """The config of a checkpoint that has to be there."""
    if not checkpoint.is_file():
        raise UserError(f'{checkpoint} does not exist: run benchmarks/deeppcb.py and benchmarks/anomaly.py first')
    return runtime.load_config(str(ROOT / 'configs' / f'{config}.py'))


def built(cfg: Config, dataloader: str) -> torch.utils.data.Dataset:
    """A data set of a config."""
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        return DATASETS.build(cfg[dataloader].dataset)


def detection(limit: int) -> list[dict]:
    """AP of the student in every form."""
    cfg = load(*STUDENT)
    training, images = built(cfg, 'train_dataloader'), built(cfg, 'test_dataloader')
    ranges = [Path(training.get_data_info(i)['img_path']) for i in range(0, len(training), len(training) // 40)]
    forms = open_forms(build_network(cfg, str(STUDENT[1])), OUT / 'student', ranges)
    return [dict(model='student (GFL, R18), DeepPCB', form=form, images=min(limit, len(images)),
                 metrics=average_precision(network, images, limit)) for form, network in forms.items()]


def average_precision(network: Network, images: torch.utils.data.Dataset, limit: int) -> dict[str, float]:
    """COCO metrics of what an inspection finds."""
    metric, inspector = InspectionCocoMetric(metric='bbox', size_bins=None), Inspector(network)
    metric.dataset_meta = images.metainfo
    count = min(limit, len(images))
    for index in range(count):
        info = images.get_data_info(index)
        result = inspector(info['img_path'])
        found = dict(bboxes=torch.from_numpy(result.detections.boxes), scores=torch.from_numpy(
            result.detections.scores), labels=torch.from_numpy(result.detections.labels))
        truth = [dict(bbox=item['bbox'], bbox_label=item['bbox_label'], ignore_flag=item['ignore_flag'])
                 for item in info['instances']]
        metric.process({}, [dict(img_id=info['img_id'], ori_shape=result.shape, pred_instances=found,
                                 instances=truth)])
    return {name.removeprefix('coco/bbox_'): value for name, value in metric.evaluate(count).items()}


def anomaly() -> list[dict]:
    """AUROC of RD4AD in every form."""
    os.environ.update(MMINSPECT_DATASET='mvtec_screw', MMINSPECT_CATEGORY='screw')
    cfg = load(*ANOMALY)
    training, images = built(cfg, 'train_dataloader'), load_test_set(cfg)
    ranges = [Path(training.get_data_info(i)['img_path']) for i in range(0, len(training), len(training) // 40)]
    forms = open_forms(build_network(cfg, str(ANOMALY[1])), OUT / 'rd4ad', ranges)
    return [dict(model='RD4AD (R18), mvtec_screw', form=form, images=len(images), metrics=metrics)
            for form, metrics in measure(cfg, forms, images).items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--images', type=int, default=10**9, help='of DeepPCB, the first so many')
    args = parser.parse_args()
    rows = [*anomaly(), *detection(args.images)]
    for row in rows:
        values = '  '.join(f'{name} {value:.4f}' for name, value in row['metrics'].items())
        print(f'{row["model"]:30s} {row["form"]:18s} {values}', flush=True)
    save('inspection_accuracy', seed=0, rows=rows, command='python benchmarks/inspection_accuracy.py')


if __name__ == '__main__':
    main()
