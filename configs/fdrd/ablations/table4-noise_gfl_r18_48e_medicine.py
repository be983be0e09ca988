# Table 4, random noise.
_base_ = '../fdrd_gfl_r18_48e_medicine.py'
published = 'table4/random noise'
model = dict(
    teacher_config='{{fileDirname}}/../detectors/gfl_r50_48e_medicine.py',
    teacher_ckpt='work_dirs/gfl_r50_48e_medicine/epoch_48.pth')
