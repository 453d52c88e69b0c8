-- The snapshots of the days before as they were told then, and those who live here on this day.
WITH living AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY room_id ORDER BY is_current_contract DESC,
                                                             movein_date DESC, moving_id DESC) AS place
  FROM int_contracts
  WHERE is_cancelled = 0 AND is_active_lease = 1 AND movein_date <= @today
    AND (moveout_date IS NULL OR moveout_date > @today)
)
SELECT @today AS snapshot_date, tenant_id, apartment_id, room_id, moving_id, tenant_status,
       contract_type, tenant_type, movein_date, moveout_date, rent, is_current_contract,
       CASE place WHEN 1 THEN 1 ELSE 0 END AS is_room_primary
FROM living
UNION ALL
SELECT snapshot_date, tenant_id, apartment_id, room_id, moving_id, tenant_status, contract_type,
       tenant_type, movein_date, moveout_date, rent, is_current_contract, is_room_primary
FROM snapshot_of_earlier_days
