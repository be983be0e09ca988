# CrossKD: cross-head distillation from a plain GFL-R50, no noise.
_base_ = '../gfl_r18_48e_medicine.py'
published = ['table2/ckd', 'table1/none', 'table4/none']
model = dict(
    type='DistilledDetector',
    teacher_config='{{fileDirname}}/../detectors/gfl_r50_48e_medicine.py',
    teacher_ckpt='work_dirs/gfl_r50_48e_medicine/epoch_48.pth',
    distillers=[dict(type='CrossHeadKD')])
custom_hooks = [*_base_.custom_hooks, dict(type='mmengine.DistillationStateHook')]
