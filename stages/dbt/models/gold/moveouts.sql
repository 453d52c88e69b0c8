-- One row a finished contract. The source repeats contracts: only the newest row of a tenant in a
-- room counts, and it must have ended by the business date. Plans for later days are no move-outs.
{{ config(indexes=[
    {'columns': ['moving_id'], 'unique': true},
    {'columns': ['moveout_date']}
]) }}
select
    c.moving_id,
    c.tenant_id,
    c.apartment_id,
    c.room_id,
    c.contract_type,
    c.contract_type in ({% for type in var('corporate_contract_types') %}{{ type }}{% if not loop.last %}, {% endif %}{% endfor %}) as is_corporate,
    c.contract_signed_at,
    c.movein_date,
    c.moveout_receipt_date,
    c.moveout_date,
    datediff(c.moveout_date, c.movein_date) as stay_days,
    datediff(c.moveout_date, c.moveout_receipt_date) as notice_days,
    c.rent,
    c.moveout_fee,
    t.reason_moveout,
    t.nationality,
    timestampdiff(year, t.birth_date, c.moveout_date) as age_at_moveout
from (
    select
        m.moving_id,
        m.tenant_id,
        m.apartment_id,
        m.room_id,
        m.contract_type,
        m.contract_signed_at,
        m.movein_date,
        m.moveout_receipt_date,
        m.moveout_date,
        m.rent,
        m.moveout_fee,
        row_number() over (
            partition by m.tenant_id, m.apartment_id, m.room_id order by m.moving_id desc
        ) as newest_first
    from {{ ref('stg_movings') }} m
    where m.is_cancelled = 0
) c
inner join {{ ref('stg_tenants') }} t on t.tenant_id = c.tenant_id
where c.newest_first = 1
  and c.moveout_date >= '{{ var("min_valid_date") }}'
  and c.moveout_date <= curdate()
