from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from anomaly_rd.datasets import VisADataset

PIPELINE = [dict(type='LoadInspectionImage'), dict(type='ResizeInspection', size=32), dict(type='PackAnomalyInputs')]


def test_category_of_the_distributed_layout(tmp_path: Path, write_image: Callable, write_mask: Callable) -> None:
    rows = ['object,split,label,image,mask']
    for split, label, folder, count in (('train', 'normal', 'Normal', 2), ('test', 'anomaly', 'Anomaly', 1)):
        for index in range(count):
            image = write_image(tmp_path / 'candle' / 'Data' / 'Images' / folder / f'{index:03d}.JPG')
            mask = tmp_path / 'candle' / 'Data' / 'Masks' / folder / f'{index:03d}.png'
            rows.append(f'candle,{split},{label},{image.relative_to(tmp_path)},'
                        + (str(write_mask(mask).relative_to(tmp_path)) if label == 'anomaly' else ''))
    (tmp_path / 'split_csv').mkdir()
    (tmp_path / 'split_csv' / '1cls.csv').write_text('\n'.join(rows))
    train = VisADataset(tmp_path, 'candle', pipeline=PIPELINE)
    test = VisADataset(tmp_path, 'candle', 'test', pipeline=PIPELINE)
    assert (len(train), len(test)) == (2, 1)
    assert train[1]['data_samples'].gt_label == 0
    assert test[0]['data_samples'].gt_mask.sum() > 0
