-- What the days up to @today leave for the tables that remember: the tenants of each day, and the
-- snapshots of the days before. May run again for one day.
CREATE TABLE IF NOT EXISTS tenant_of_day AS
  SELECT CAST(NULL AS DATE) AS day, id AS tenant_id, status, contract_type, affiliation_status,
         is_transferred, is_renewal_ng, is_paysle_unpaid, renewal_priority, agreement_type
  FROM source.tenants LIMIT 0;
DELETE FROM tenant_of_day WHERE day = @today;
INSERT INTO tenant_of_day
  SELECT @today, id, status, contract_type, affiliation_status, is_transferred, is_renewal_ng,
         is_paysle_unpaid, renewal_priority, agreement_type
  FROM source.tenants;

CREATE TABLE IF NOT EXISTS tenant_room_snapshot_daily (
  snapshot_date DATE, tenant_id INT, apartment_id INT, room_id INT, moving_id INT, tenant_status INT,
  contract_type INT, tenant_type TEXT, movein_date DATE, moveout_date DATE, rent INT,
  is_current_contract INT, is_room_primary INT);
CREATE OR REPLACE TABLE snapshot_of_earlier_days AS
  SELECT * FROM tenant_room_snapshot_daily WHERE snapshot_date < @today;
