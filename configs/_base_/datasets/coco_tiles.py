# Photographs of many megapixels in COCO format, cut into overlapping tiles that the detector sees at their full size;
# tested on the whole images. Small objects keep their pixels. In the test every image is decoded once for all its
# tiles; in the training, where tiles come shuffled, once per tile: keep the tiles of a huge set as files of their own.
_base_ = './coco_detection.py'

tile = 1024
overlap = 128  # at least as large as the objects

train_pipeline = [
    dict(type='LoadTile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Resize', scale=(tile, tile), keep_ratio=True),  # larger or smaller than in the photograph
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='LoadTile'),
    dict(type='Resize', scale=(tile, tile), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'tile', 'scan_shape')),
]
train_dataloader = dict(
    dataset=dict(type='TiledCocoDataset', tile=tile, overlap=overlap, pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(type='TiledCocoDataset', tile=tile, overlap=overlap, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type='StitchedCocoMetric')
test_evaluator = val_evaluator
