-- One row a contract: zero dates become NULL, and the three move-out dates become one.
select
    c.*,
    coalesce(c.moveout_date_integrated, c.moveout_plans_date, c.moveout_recorded_date) as moveout_date
from (
    select
        m.id as moving_id,
        m.tenant_id,
        m.apartment_id,
        m.room_id,
        m.moving_agreement_type as contract_type,
        if(m.movein_decided_date < '1000-01-01', null, m.movein_decided_date) as contract_signed_at,
{%- for column in ['movein_date', 'original_movein_date', 'rent_start_date', 'expiration_date',
                   'moveout_receipt_date', 'moveout_plans_date', 'moveout_date_integrated'] %}
        if(m.{{ column }} < '1000-01-01', null, m.{{ column }}) as {{ column }},
{%- endfor %}
        if(m.moveout_date < '1000-01-01', null, m.moveout_date) as moveout_recorded_date,
        m.move_renew_flag as is_renewal,
        m.cancel_flag as is_cancelled,
        m.is_moveout,
        m.rent,
        m.condo_fee,
        m.administrative_fee,
        m.moveout_fee,
        m.created_at,
        m.updated_at
    from {{ source('staging', 'movings') }} m
) c
