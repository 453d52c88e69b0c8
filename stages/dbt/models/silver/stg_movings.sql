-- One row a contract: zero dates become NULL, and the three move-out dates become one.
select
    c.*,
    coalesce(c.moveout_date_integrated, c.moveout_plans_date, c.moveout_recorded_date) as moveout_date,
    t.label_ja as contract_type_label_ja,
    t.label_en as contract_type_label_en,
    t.tenant_type
from (
    select
        m.id as moving_id,
        m.tenant_id,
        m.apartment_id,
        m.room_id,
        m.moving_agreement_type as contract_type,
        m.tenant_contract_type,
        {{ date_or_null('m.movein_decided_date') }} as contract_signed_at,
{%- for column in ['movein_date', 'original_movein_date', 'rent_start_date', 'expiration_date',
                   'moveout_receipt_date', 'moveout_plans_date', 'moveout_date_integrated'] %}
        {{ date_or_null('m.' ~ column) }} as {{ column }},
{%- endfor %}
        {{ date_or_null('m.moveout_date') }} as moveout_recorded_date,
        coalesce(m.move_renew_flag, 0) as is_renewal,
        coalesce(m.cancel_flag, 0) as is_cancelled,
        coalesce(m.is_moveout, 0) as is_moveout,
        m.rent,
        m.condo_fee,
        m.administrative_fee,
        m.moveout_fee,
        m.created_at,
        m.updated_at
    from {{ source('staging', 'movings') }} m
) c
left join {{ ref('code_contract_type') }} t on t.code = c.contract_type
