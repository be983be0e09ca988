# CrossKD and PKD together, with the weight that CrossKD's authors use for the pair.
_base_ = './ckd_gfl_r18_48e_medicine.py'
published = None
model = dict(
    distillers=[dict(type='CrossHeadKD'), dict(type='FeaturePKD', loss=dict(type='PKDLoss', loss_weight=6.0))])
