-- The inquiries; a missing time is that of the row.
SELECT id AS inquiry_id, tenant_id,
       CASE WHEN real_time(inquiry_date) IS NULL THEN created_at ELSE inquiry_date END AS inquired_at,
       created_at, updated_at
FROM source.inquiries
