# MVTec AD, or any set in its layout:
# <data_root>/<category>/{train/good, test/good, test/<defect>, ground_truth/<defect>}.
#
# The category (and the folder of the set) come from the environment:
#   MMINSPECT_CATEGORY=screw MMINSPECT_DATASET=mvtec python tools/train.py ...
# A config that inherits this file overrides data_root and category in its dataloaders (mvtec_screw.py has an example):
# setting the variables alone changes nothing.
data_root = '{{$MMINSPECT_DATA:data}}/{{$MMINSPECT_DATASET:mvtec}}/'
category = '{{$MMINSPECT_CATEGORY:bottle}}'

# No augmentation: flips and rotations change what counts as normal.
# The steps have names, so that a config which changes one of them can name the others.
load_image = dict(type='LoadInspectionImage')
resize = dict(type='ResizeInspection', size=(256, 256))
pack = dict(type='PackAnomalyInputs')
pipeline = [load_image, resize, pack]

train_dataloader = dict(
    batch_size=16,
    num_workers=0,  # the images stay in memory behind the first epoch
    persistent_workers=False,
    worker_init_fn=dict(type='seed_worker'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='MVTecDataset',
        data_root=data_root,
        category=category,
        split='train',
        cache=True,
        pipeline=pipeline))
val_dataloader = dict(
    batch_size=16,
    num_workers=0,
    persistent_workers=False,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),  # no image twice, however many processes
    dataset=dict(
        type='MVTecDataset',
        data_root=data_root,
        category=category,
        split='test',
        cache=True,
        pipeline=pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type='AnomalyMetric')
test_evaluator = val_evaluator
