# Row CKD: cross-head distillation from the plain teacher, no noise.
_base_ = './gfl_r18_320_12e_deeppcb.py'
model = dict(
    type='DistilledDetector',
    teacher_config='{{fileDirname}}/teacher-plain_r18_320_24e_deeppcb.py',
    teacher_ckpt='work_dirs/teacher-plain_r18_320_24e_deeppcb/epoch_24.pth',
    distillers=[dict(type='CrossHeadKD')])
custom_hooks = [*_base_.custom_hooks, dict(type='mmengine.DistillationStateHook')]
