-- Tenants and rooms of the source without a contract, and contracts that are not the newest row.
select m.tenant_id, m.apartment_id, m.room_id, m.newest_id, c.moving_id
from (
    select
        tenant_id,
        apartment_id,
        room_id,
        coalesce(max(case when is_cancelled = 0 then moving_id end), max(moving_id)) as newest_id
    from {{ ref('stg_movings') }}
    group by tenant_id, apartment_id, room_id
) m
left join {{ ref('int_contracts') }} c on c.moving_id = m.newest_id
where c.moving_id is null
