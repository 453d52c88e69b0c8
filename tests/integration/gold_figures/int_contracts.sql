-- One row a tenant, house and room: of the rows of movings no other one may be better, which is one
-- that is not cancelled where this one is, or a newer one of the same kind.
SELECT m.moving_id, m.tenant_id, m.apartment_id, m.room_id,
       a.asset_id, a.apartment_name, a.apartment_name_en, a.prefecture, a.municipality,
       a.full_address, a.latitude, a.longitude, r.room_number, r.room_floor,
       m.contract_type, m.contract_type_label_ja, m.contract_type_label_en, m.tenant_type,
       CASE WHEN m.contract_type IN (2, 3, 4) THEN 1 ELSE 0 END AS is_corporate,
       t.status AS tenant_status, t.status_label_ja AS tenant_status_label_ja,
       t.status_label_en AS tenant_status_label_en, t.is_active_lease,
       t.gender_type, t.gender_label_ja, t.gender_label_en, t.birth_date, t.nationality,
       t.affiliation_type, t.affiliation_type_label_ja, t.affiliation_type_label_en,
       t.reason_moveout, t.reason_moveout_label_ja, t.reason_moveout_label_en,
       m.created_at AS applied_at, m.contract_signed_at, m.movein_date, m.original_movein_date,
       m.rent_start_date, m.expiration_date, m.moveout_receipt_date, m.moveout_date,
       CASE WHEN m.is_cancelled = 0 AND m.movein_date <= @today
            THEN TO_DAYS(CASE WHEN m.moveout_date <= @today THEN m.moveout_date ELSE @today END)
                 - TO_DAYS(m.movein_date) END AS stay_days,
       TO_DAYS(m.moveout_date) - TO_DAYS(m.moveout_receipt_date) AS notice_days,
       m.is_cancelled, m.is_renewal, m.is_moveout,
       EXISTS (SELECT 1 FROM source.tenants who JOIN source.movings now ON now.id = who.moving_id
               WHERE who.id = m.tenant_id AND now.tenant_id = m.tenant_id
                 AND now.apartment_id = m.apartment_id AND now.room_id = m.room_id)
         AS is_current_contract,
       m.rent, m.condo_fee, m.administrative_fee, m.moveout_fee, m.updated_at
FROM stg_movings m
LEFT JOIN stg_apartments a ON a.apartment_id = m.apartment_id
LEFT JOIN stg_rooms r ON r.room_id = m.room_id
LEFT JOIN stg_tenants t ON t.tenant_id = m.tenant_id
WHERE NOT EXISTS (
  SELECT 1 FROM source.movings better
  WHERE better.tenant_id = m.tenant_id AND better.apartment_id = m.apartment_id
    AND better.room_id = m.room_id
    AND (better.cancel_flag < m.is_cancelled
         OR (better.cancel_flag = m.is_cancelled AND better.id > m.moving_id)))
