# RD4AD's recipe: Adam 0.005, betas (0.5, 0.999), batch 16, no schedule; evaluated every 10 epochs.
max_epochs = 200
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=10)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.005, betas=(0.5, 0.999)))
