# A quarter of the width and an eighth of the epochs, for a CPU; a larger rate makes up for some of them.
_base_ = './edgrec_w128_800e_mvtec.py'
max_epochs = 100
train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(type='Bf16OptimWrapper', optimizer=dict(lr=5e-4))
param_scheduler = [dict(type='MultiStepLR', milestones=[80, 90], gamma=0.2, by_epoch=True)]
model = dict(width=32)
