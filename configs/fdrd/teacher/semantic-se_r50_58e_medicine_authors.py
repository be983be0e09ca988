# The teacher on the authors' released schedule: 58 epochs, several scales.
_base_ = [
    '../_base_/teacher_r50.py', '../../_base_/datasets/medicine_liquid.py',
    '../../_base_/schedules/authors_teacher_58e.py',
    '../../_base_/default_runtime.py'
]
resize = dict(type='RandomResize', scale=[(1333, 480), (1333, 800)], keep_ratio=True)
train_steps = [_base_.load_image, _base_.load_boxes, resize, _base_.flip]
train_pipeline = [*train_steps, _base_.pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
