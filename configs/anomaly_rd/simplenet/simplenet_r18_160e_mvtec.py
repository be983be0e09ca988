# ResNet-18 at 256x256, the last epoch.
_base_ = [
    '../_base_/simplenet_r18.py', '../../_base_/datasets/mvtec.py', '../../_base_/schedules/simplenet_160e.py',
    '../../_base_/anomaly_runtime.py'
]
train_dataloader = dict(batch_size=8)
