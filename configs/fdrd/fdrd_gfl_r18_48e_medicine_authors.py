# The authors' released schedule; their teacher is trained for 58 epochs.
_base_ = './fdrd_gfl_r18_48e_medicine.py'
published = None
model = dict(
    teacher_config='{{fileDirname}}/teacher/semantic-se_r50_58e_medicine_authors.py',
    teacher_ckpt='work_dirs/semantic-se_r50_58e_medicine_authors/epoch_58.pth')
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', by_epoch=True, begin=0, end=48, milestones=[32, 44], gamma=0.1),
]
