# The teacher on the authors' released schedule: 58 epochs, several scales.
_base_ = [
    '../_base_/teacher_r50.py', '../../_base_/datasets/medicine_liquid.py',
    '../../_base_/schedules/authors_teacher_58e.py',
    '../../_base_/default_runtime.py'
]
published = 'table3/our teacher'
train_pipeline = _base_.train_pipeline
train_pipeline[2] = dict(type='RandomResize', scale=[(1333, 480), (1333, 800)], keep_ratio=True)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
