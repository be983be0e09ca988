# PKD: Pearson correlation between the necks.
_base_ = './ckd_gfl_r18_48e_medicine.py'
published = 'table2/pkd'
model = dict(distillers=[dict(type='FeaturePKD')])
