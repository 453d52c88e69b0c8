-- Notices of the last 24 months.
SELECT moving_id, tenant_id, apartment_id, room_id, asset_id, apartment_name, room_number,
       contract_type, contract_type_label_ja, contract_type_label_en, tenant_type, is_corporate,
       movein_date, moveout_receipt_date, moveout_date,
       TO_DAYS(moveout_date) - TO_DAYS(moveout_receipt_date) AS notice_days,
       CASE WHEN moveout_date <= @today THEN 1 ELSE 0 END AS has_moved_out, rent, reason_moveout,
       reason_moveout_label_ja, reason_moveout_label_en, nationality
FROM int_contracts
WHERE is_cancelled = 0 AND moveout_receipt_date <= @today
  AND moveout_receipt_date >= @today - INTERVAL 24 MONTH
