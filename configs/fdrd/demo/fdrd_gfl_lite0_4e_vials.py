# The demo's student distilled from the teacher, both on backbones of ImageNet.
_base_ = './gfl_lite0_4e_vials.py'
model = dict(
    type='DistilledDetector',
    data_preprocessor=dict(type='DualViewDetDataPreprocessor'),
    teacher_config='{{fileDirname}}/teacher_lite1_8e_vials.py',
    teacher_ckpt='work_dirs/demo/teacher_lite1_8e_vials/epoch_8.pth',
    distillers=[dict(type='CrossHeadKD')])
train_pipeline = [*_base_.train_steps, dict(type='StudentNoise'), dict(type='PackDualViewInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
custom_hooks = [
    *_base_.run_hooks,
    dict(type='mmengine.DistillationStateHook'),
    dict(type='mmengine.ProgressHook', title='distilled student'),
]
