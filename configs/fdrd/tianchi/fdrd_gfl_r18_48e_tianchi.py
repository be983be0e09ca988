# "ours".
_base_ = './ckd_gfl_r18_48e_tianchi.py'
published = ['table5/ours', 'table6/our student']
model = dict(
    data_preprocessor=dict(type='DualViewDetDataPreprocessor'),
    teacher_config='{{fileDirname}}/teacher_semantic-se_r50_48e_tianchi.py',
    teacher_ckpt='work_dirs/teacher_semantic-se_r50_48e_tianchi/epoch_48.pth')
train_pipeline = [*_base_.train_steps, dict(type='StudentNoise'), dict(type='PackDualViewInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
