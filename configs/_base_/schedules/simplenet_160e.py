# SimpleNet's recipe: AdamW 1e-4 for the adaptor, Adam 2e-4 for the discriminator, no schedule; batch 8 stands in the
# configs.
max_epochs = 160
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=20)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    constructor='PartsOptimWrapperConstructor',
    adaptor=dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.01)),
    discriminator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-4, weight_decay=1e-5)))
