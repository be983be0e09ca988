_base_ = '../fdrd_gfl_r18_48e_medicine.py'
published = 'table2/ours + simam'
model = dict(
    teacher_config='{{fileDirname}}/../teacher/semantic-simam_r50_48e_medicine.py',
    teacher_ckpt='work_dirs/semantic-simam_r50_48e_medicine/epoch_48.pth')
