-- The move-outs counted by month, kind of tenant and bands.
SELECT moveout_month, tenant_type, rent_band, age_band, tenure_band, SUM(1) AS move_outs,
       ROUND(SUM(rent) / COUNT(rent), 2) AS average_rent,
       ROUND(SUM(stay_days) / COUNT(stay_days), 2) AS average_stay_days,
       ROUND(SUM(notice_days) / COUNT(notice_days), 2) AS average_notice_days,
       SUM(COALESCE(moveout_fee, 0)) AS total_moveout_fee
FROM moveout_analysis
GROUP BY moveout_month, tenant_type, rent_band, age_band, tenure_band
