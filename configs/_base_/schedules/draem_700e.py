# DRAEM's recipe: Adam 1e-4, a fifth of it after 80 and 90 %; batch 8 stands in the configs.
max_epochs = 700
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=50)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4))
param_scheduler = [dict(type='MultiStepLR', milestones=[560, 630], gamma=0.2, by_epoch=True)]
