# Table 4, attention.
_base_ = '../distillers/ckd_gfl_r18_48e_medicine.py'
published = 'table4/attention'
model = dict(
    teacher_config='{{fileDirname}}/../teacher/se_r50_48e_medicine.py',
    teacher_ckpt='work_dirs/se_r50_48e_medicine/epoch_48.pth')
