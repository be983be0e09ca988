# LD: localization distillation on positives.
_base_ = './ckd_gfl_r18_48e_medicine.py'
published = 'table2/ld'
model = dict(distillers=[dict(type='LocalizationKD')])
