# Teacher of the row CKD: the student's network, trained twice as long.
_base_ = './gfl_r18_320_8e_deeppcb.py'
train_cfg = dict(max_epochs=16, val_interval=16)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=200),
    dict(type='MultiStepLR', by_epoch=True, begin=0, end=16, milestones=[11, 14], gamma=0.1),
]
