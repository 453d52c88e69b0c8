-- The move-outs with their bands; a number below zero and a missing one have none.
SELECT moving_id, tenant_id, apartment_id, room_id, tenant_type, is_corporate, moveout_date,
       CAST(CONCAT(LEFT(moveout_date, 8), '01') AS DATE) AS moveout_month, rent,
       ELT(INTERVAL(rent, 0, 30000, 40000, 50000, 60000, 70000, 80000), '0-29999', '30000-39999',
           '40000-49999', '50000-59999', '60000-69999', '70000-79999', '80000-') AS rent_band,
       age_at_moveout,
       ELT(INTERVAL(age_at_moveout, 0, 20, 25, 30, 35, 40, 50), '0-19', '20-24', '25-29', '30-34',
           '35-39', '40-49', '50-') AS age_band,
       stay_days, full_months(movein_date, moveout_date) AS tenure_months,
       ELT(INTERVAL(full_months(movein_date, moveout_date), 0, 1, 3, 6, 12, 24, 36), '0-0', '1-2',
           '3-5', '6-11', '12-23', '24-35', '36-') AS tenure_band,
       notice_days, moveout_fee, reason_moveout, reason_moveout_label_ja, reason_moveout_label_en,
       gender_type, gender_label_ja, gender_label_en, nationality
FROM moveouts
