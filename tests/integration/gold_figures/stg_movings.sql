-- Every row of movings, the repeated ones too.
SELECT m.id AS moving_id, m.tenant_id, m.apartment_id, m.room_id,
       m.moving_agreement_type AS contract_type, m.tenant_contract_type,
       real_time(m.movein_decided_date) AS contract_signed_at,
       real_date(m.movein_date) AS movein_date,
       real_date(m.original_movein_date) AS original_movein_date,
       real_date(m.rent_start_date) AS rent_start_date,
       real_date(m.expiration_date) AS expiration_date,
       real_date(m.moveout_receipt_date) AS moveout_receipt_date,
       real_date(m.moveout_plans_date) AS moveout_plans_date,
       real_date(m.moveout_date_integrated) AS moveout_date_integrated,
       real_date(m.moveout_date) AS moveout_recorded_date,
       m.move_renew_flag AS is_renewal, m.cancel_flag AS is_cancelled, m.is_moveout,
       m.rent, m.condo_fee, m.administrative_fee, m.moveout_fee, m.created_at, m.updated_at,
       CASE WHEN real_date(m.moveout_date_integrated) IS NOT NULL THEN m.moveout_date_integrated
            WHEN real_date(m.moveout_plans_date) IS NOT NULL THEN m.moveout_plans_date
            ELSE real_date(m.moveout_date) END AS moveout_date,
       c.label_ja AS contract_type_label_ja, c.label_en AS contract_type_label_en, c.tenant_type
FROM source.movings m
LEFT JOIN code_contract_type c ON c.code = m.moving_agreement_type
