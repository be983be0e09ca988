# Table 4, semantic upsampling + attention.
_base_ = '../distillers/ckd_gfl_r18_48e_medicine.py'
published = 'table4/semantic upsampling + attention'
model = dict(
    teacher_config='{{fileDirname}}/../teacher/semantic-se_r50_48e_medicine.py',
    teacher_ckpt='work_dirs/semantic-se_r50_48e_medicine/epoch_48.pth')
