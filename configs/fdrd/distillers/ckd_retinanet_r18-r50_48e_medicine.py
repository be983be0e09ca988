# CrossKD for RetinaNet.
_base_ = ['../detectors/retinanet_r50_48e_medicine.py', '../_base_/crosskd_r18.py']
published = None
model = dict(
    _base_.crosskd_r18,
    teacher_config='{{fileDirname}}/../detectors/retinanet_r50_48e_medicine.py',
    teacher_ckpt='work_dirs/retinanet_r50_48e_medicine/epoch_48.pth')
custom_hooks = [*_base_.custom_hooks, dict(type='mmengine.DistillationStateHook')]
