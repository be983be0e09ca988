# RFA: RFAConv, BCN and SiLU in the decoder. Recomputed blocks and mixed precision keep batch 16 below 24 GB.
_base_ = [
    '../_base_/rd4ad_wrn50.py', '../../_base_/datasets/mvtec.py', '../../_base_/schedules/rd4ad_200e.py',
    '../../_base_/anomaly_runtime.py'
]
model = dict(decoder=dict(rfa=True, norm='BCN', act='SiLU', checkpointing=True))
max_epochs = 300
train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(type='Bf16OptimWrapper')
