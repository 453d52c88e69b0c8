-- Contracts that ended, whatever the source's own flag says of it.
SELECT moving_id, tenant_id, apartment_id, room_id, asset_id, apartment_name, room_number,
       contract_type, contract_type_label_ja, contract_type_label_en, tenant_type, is_corporate,
       contract_signed_at, movein_date, moveout_receipt_date, moveout_date,
       TO_DAYS(moveout_date) - TO_DAYS(movein_date) AS stay_days,
       TO_DAYS(moveout_date) - TO_DAYS(moveout_receipt_date) AS notice_days, rent, moveout_fee,
       reason_moveout, reason_moveout_label_ja, reason_moveout_label_en, gender_type,
       gender_label_ja, gender_label_en, nationality,
       full_years(birth_date, moveout_date) AS age_at_moveout
FROM int_contracts
WHERE is_cancelled = 0 AND moveout_date >= '2018-01-01' AND moveout_date <= @today
