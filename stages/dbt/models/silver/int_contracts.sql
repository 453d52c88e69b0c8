-- One row a contract, that is, a tenant and a room, with all that the figures of gold need of the
-- property, the tenant and the dates. The source repeats contracts: of several rows the newest
-- counts, and a cancelled one only if there is no other.
--
-- The joins are outer ones: a contract whose tenant or room is missing fails a relationships test
-- instead of leaving the figures in silence.
{{ config(
    materialized='table',
    indexes=[
        {'columns': ['moving_id'], 'unique': true},
        {'columns': ['tenant_id', 'apartment_id', 'room_id'], 'unique': true},
        {'columns': ['room_id']},
        {'columns': ['movein_date']},
        {'columns': ['moveout_date']},
        {'columns': ['moveout_receipt_date']}
    ]
) }}
select
    c.moving_id,
    c.tenant_id,
    c.apartment_id,
    c.room_id,
    a.asset_id,
    a.apartment_name,
    a.apartment_name_en,
    a.prefecture,
    a.municipality,
    a.full_address,
    a.latitude,
    a.longitude,
    r.room_number,
    r.room_floor,
    c.contract_type,
    c.contract_type_label_ja,
    c.contract_type_label_en,
    c.tenant_type,
    c.contract_type in ({{ var('corporate_contract_types') | join(', ') }}) as is_corporate,
    t.status as tenant_status,
    t.status_label_ja as tenant_status_label_ja,
    t.status_label_en as tenant_status_label_en,
    t.is_active_lease,
    t.gender_type,
    t.gender_label_ja,
    t.gender_label_en,
    t.birth_date,
    t.nationality,
    t.affiliation_type,
    t.affiliation_type_label_ja,
    t.affiliation_type_label_en,
    t.reason_moveout,
    t.reason_moveout_label_ja,
    t.reason_moveout_label_en,
    c.created_at as applied_at,
    c.contract_signed_at,
    c.movein_date,
    c.original_movein_date,
    c.rent_start_date,
    c.expiration_date,
    c.moveout_receipt_date,
    c.moveout_date,
    case
        when c.is_cancelled = 0 and c.movein_date <= curdate()
        then datediff(least(coalesce(c.moveout_date, curdate()), curdate()), c.movein_date)
    end as stay_days,
    datediff(c.moveout_date, c.moveout_receipt_date) as notice_days,
    c.is_cancelled,
    c.is_renewal,
    c.is_moveout,
    case
        when now_in.tenant_id = c.tenant_id
         and now_in.apartment_id = c.apartment_id
         and now_in.room_id = c.room_id then 1
        else 0
    end as is_current_contract,
    c.rent,
    c.condo_fee,
    c.administrative_fee,
    c.moveout_fee,
    c.updated_at
from (
    -- Few columns, because all rows are sorted.
    select
        m.moving_id,
        row_number() over (
            partition by m.tenant_id, m.apartment_id, m.room_id
            order by m.is_cancelled, m.moving_id desc
        ) as newest_first
    from {{ ref('stg_movings') }} m
) newest
inner join {{ ref('stg_movings') }} c on c.moving_id = newest.moving_id
left join {{ ref('stg_tenants') }} t on t.tenant_id = c.tenant_id
left join {{ ref('stg_movings') }} now_in on now_in.moving_id = t.current_moving_id
left join {{ ref('stg_apartments') }} a on a.apartment_id = c.apartment_id
left join {{ ref('stg_rooms') }} r on r.room_id = c.room_id
where newest.newest_first = 1
