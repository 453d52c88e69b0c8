-- Each event is a row of its own; a day has those that happened on it.
WITH event AS (
  SELECT 'inquiry' AS kind, CAST(i.inquired_at AS DATE) AS day,
         COALESCE((SELECT t.tenant_type FROM stg_tenants t WHERE t.tenant_id = i.tenant_id),
                  'unknown') AS tenant_type
  FROM stg_inquiries i
  UNION ALL SELECT 'application', CAST(applied_at AS DATE), tenant_type FROM int_contracts
  UNION ALL SELECT 'signed', CAST(contract_signed_at AS DATE), tenant_type FROM int_contracts WHERE is_cancelled = 0
  UNION ALL SELECT 'move-in', movein_date, tenant_type FROM int_contracts WHERE is_cancelled = 0
  UNION ALL SELECT 'move-out', moveout_date, tenant_type FROM int_contracts WHERE is_cancelled = 0
)
SELECT day AS activity_date, tenant_type,
       COUNT(CASE WHEN kind = 'inquiry' THEN 1 END) AS inquiries,
       COUNT(CASE WHEN kind = 'application' THEN 1 END) AS applications,
       COUNT(CASE WHEN kind = 'signed' THEN 1 END) AS contracts_signed,
       COUNT(CASE WHEN kind = 'move-in' THEN 1 END) AS move_ins,
       COUNT(CASE WHEN kind = 'move-out' THEN 1 END) AS move_outs,
       COUNT(CASE WHEN kind = 'move-in' THEN 1 END) - COUNT(CASE WHEN kind = 'move-out' THEN 1 END)
         AS net_occupancy_change
FROM event
WHERE day >= '2018-01-01' AND day <= @today
GROUP BY day, tenant_type
