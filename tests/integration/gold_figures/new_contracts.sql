-- Contracts that were signed and not cancelled.
SELECT moving_id, tenant_id, apartment_id, room_id, asset_id, apartment_name, room_number, latitude,
       longitude, contract_type, contract_type_label_ja, contract_type_label_en, tenant_type,
       is_corporate, is_renewal, applied_at, contract_signed_at,
       CAST(contract_signed_at AS DATE) AS contract_signed_date, movein_date,
       TO_DAYS(movein_date) - TO_DAYS(contract_signed_at) AS days_to_movein, expiration_date, rent,
       condo_fee, gender_type, gender_label_ja, gender_label_en,
       full_years(birth_date, contract_signed_at) AS age_at_signing, nationality, affiliation_type,
       affiliation_type_label_ja, affiliation_type_label_en
FROM int_contracts
WHERE is_cancelled = 0 AND contract_signed_at >= '2018-01-01 00:00:00'
  AND contract_signed_at < @today + INTERVAL 1 DAY
