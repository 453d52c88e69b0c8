-- The rooms, with the label of those whom they are for.
SELECT r.id AS room_id, r.apartment_id, cleaned(r.room_number) AS room_number, r.rent, r.condo_fee,
       r.room_floor, r.capacity, r.gender_type,
       (SELECT label_ja FROM code_gender WHERE code = r.gender_type) AS gender_label_ja,
       (SELECT label_en FROM code_gender WHERE code = r.gender_type) AS gender_label_en,
       r.bed_type, r.status, r.moving_id AS current_moving_id, r.created_at, r.updated_at
FROM source.rooms r
