# Table 1, no noise: CrossKD as it is.
_base_ = '../distillers/ckd_gfl_r18_48e_medicine.py'
published = 'table1/none'
