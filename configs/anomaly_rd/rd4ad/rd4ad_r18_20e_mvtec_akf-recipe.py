# With AKF's learning rate and batch.
_base_ = './rd4ad_r18_20e_mvtec.py'
optim_wrapper = dict(optimizer=dict(lr=1e-4))
train_dataloader = dict(batch_size=32)
