-- moveout_analysis, rolled up by month, kind of tenant and bands.
{{ config(indexes=[
    {'columns': ['moveout_month', 'tenant_type', 'rent_band', 'age_band', 'tenure_band'], 'unique': true}
]) }}
select
    a.moveout_month,
    a.tenant_type,
    a.rent_band,
    a.age_band,
    a.tenure_band,
    count(*) as move_outs,
    cast(avg(a.rent) as decimal(12, 2)) as average_rent,
    cast(avg(a.stay_days) as decimal(12, 2)) as average_stay_days,
    cast(avg(a.notice_days) as decimal(12, 2)) as average_notice_days,
    cast(sum(coalesce(a.moveout_fee, 0)) as decimal(16, 2)) as total_moveout_fee
from {{ ref('moveout_analysis') }} a
group by a.moveout_month, a.tenant_type, a.rent_band, a.age_band, a.tenure_band
