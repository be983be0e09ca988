# AKF's recipe: Adam 1e-4, batch 32; the betas are RD4AD's, since the paper gives none.
_base_ = './rd4ad_200e.py'
max_epochs = 100
train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=1e-4))
