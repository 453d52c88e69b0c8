-- One row a room.
select
    r.id as room_id,
    r.apartment_id,
    {{ text_or_null('r.room_number') }} as room_number,
    r.rent,
    r.condo_fee,
    r.room_floor,
    r.capacity,
    r.gender_type,
    g.label_ja as gender_label_ja,
    g.label_en as gender_label_en,
    r.bed_type,
    r.status,
    r.moving_id as current_moving_id,
    r.created_at,
    r.updated_at
from {{ source('staging', 'rooms') }} r
left join {{ ref('code_gender') }} g on g.code = r.gender_type
