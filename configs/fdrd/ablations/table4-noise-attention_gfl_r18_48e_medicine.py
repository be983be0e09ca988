# Table 4, random noise + attention.
_base_ = '../fdrd_gfl_r18_48e_medicine.py'
published = 'table4/random noise + attention'
model = dict(
    teacher_config='{{fileDirname}}/../teacher/se_r50_48e_medicine.py',
    teacher_ckpt='work_dirs/se_r50_48e_medicine/epoch_48.pth')
