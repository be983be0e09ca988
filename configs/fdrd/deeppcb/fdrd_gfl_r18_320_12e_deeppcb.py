# Row "ours": cross-head distillation from the semantic teacher, noise on the student's view.
_base_ = './ckd_gfl_r18_320_12e_deeppcb.py'
model = dict(
    data_preprocessor=dict(type='DualViewDetDataPreprocessor'),
    teacher_config='{{fileDirname}}/teacher_r18_320_24e_deeppcb.py',
    teacher_ckpt='work_dirs/teacher_r18_320_24e_deeppcb/epoch_24.pth')
train_pipeline = [*_base_.train_pipeline[:-1], dict(type='StudentNoise'), dict(type='PackDualViewInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
