# Row "ours": cross-head distillation from the semantic teacher, noise on the student's view.
_base_ = './ckd_gfl_r18_320_8e_deeppcb.py'
model = dict(
    data_preprocessor=dict(type='DualViewDetDataPreprocessor'),
    teacher_config='{{fileDirname}}/teacher_r18_320_16e_deeppcb.py',
    teacher_ckpt='work_dirs/teacher_r18_320_16e_deeppcb/epoch_16.pth')
train_pipeline = [*_base_.train_steps, dict(type='StudentNoise'), dict(type='PackDualViewInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
