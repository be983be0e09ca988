# Table 4, random noise + semantic upsampling.
_base_ = '../fdrd_gfl_r18_48e_medicine.py'
published = 'table4/random noise + semantic upsampling'
model = dict(
    teacher_config='{{fileDirname}}/../teacher/semantic_r50_48e_medicine.py',
    teacher_ckpt='work_dirs/semantic_r50_48e_medicine/epoch_48.pth')
