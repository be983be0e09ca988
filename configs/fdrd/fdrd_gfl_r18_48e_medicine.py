# The student distilled from the semantic teacher with SE, noise on its own view: "ours".
_base_ = './distillers/ckd_gfl_r18_48e_medicine.py'
published = ['table2/ours + se', 'table3/our student', 'table4/all']
model = dict(
    data_preprocessor=dict(type='DualViewDetDataPreprocessor'),
    teacher_config='{{fileDirname}}/teacher/semantic-se_r50_48e_medicine.py',
    teacher_ckpt='work_dirs/semantic-se_r50_48e_medicine/epoch_48.pth')
train_pipeline = [*_base_.train_steps, dict(type='StudentNoise'), dict(type='PackDualViewInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
