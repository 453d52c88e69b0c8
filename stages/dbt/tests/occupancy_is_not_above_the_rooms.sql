-- Houses in which more rooms are taken on the business date than there are.
select s.apartment_id, s.taken, coalesce(r.rooms, 0) as rooms
from (
    select apartment_id, count(distinct room_id) as taken
    from {{ ref('tenant_room_snapshot_daily') }}
    where snapshot_date = curdate() and is_room_primary = 1
    group by apartment_id
) s
left join (
    select apartment_id, count(*) as rooms
    from {{ ref('stg_rooms') }}
    group by apartment_id
) r on r.apartment_id = s.apartment_id
where s.taken > coalesce(r.rooms, 0)
