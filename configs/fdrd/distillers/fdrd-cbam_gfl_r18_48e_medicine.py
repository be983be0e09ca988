_base_ = '../fdrd_gfl_r18_48e_medicine.py'
published = 'table2/ours + cbam'
model = dict(
    teacher_config='{{fileDirname}}/../teacher/semantic-cbam_r50_48e_medicine.py',
    teacher_ckpt='work_dirs/semantic-cbam_r50_48e_medicine/epoch_48.pth')
