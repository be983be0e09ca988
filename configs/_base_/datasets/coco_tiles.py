# Photographs of many megapixels in COCO format, cut into overlapping tiles that the detector sees at their full size;
# tested on the whole images. Small objects keep their pixels. In the test every image is decoded once for all its
# tiles; in the training, where tiles come shuffled, once per tile: keep the tiles of a huge set as files of their own.
_base_ = './coco_detection.py'

tile = 1024
overlap = 128  # at least as large as the objects

resize = dict(type='Resize', scale=(tile, tile), keep_ratio=True)  # larger or smaller than in the photograph
load_tile = dict(type='LoadTile')
test_meta_keys = (*_base_.test_meta_keys, 'tile', 'scan_shape')
pack_test = dict(type='PackDetInputs', meta_keys=test_meta_keys)

train_steps = [load_tile, _base_.load_boxes, resize, _base_.flip]
train_pipeline = [*train_steps, _base_.pack]
test_pipeline = [load_tile, resize, _base_.load_boxes, pack_test]
train_dataloader = dict(
    dataset=dict(type='TiledCocoDataset', tile=tile, overlap=overlap, pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(type='TiledCocoDataset', tile=tile, overlap=overlap, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type='StitchedCocoMetric')
test_evaluator = val_evaluator
