_base_ = './akf-oce_r18_20e_mvtec.py'
optim_wrapper = dict(optimizer=dict(lr=1e-4))
train_dataloader = dict(batch_size=32)
