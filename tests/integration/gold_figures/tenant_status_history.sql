-- The periods in which a tenant was the same, told from the tenants of every day since the first
-- one. A day changes a tenant if one of the eight is another one than on the day that had the
-- tenant last.
WITH told AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY tenant_id ORDER BY day) AS place FROM tenant_of_day
), change_of_day AS (
  SELECT new.* FROM told new
  LEFT JOIN told old ON old.tenant_id = new.tenant_id AND old.place = new.place - 1
  WHERE old.tenant_id IS NULL
     OR NOT (new.status <=> old.status AND new.contract_type <=> old.contract_type
             AND new.affiliation_status <=> old.affiliation_status
             AND new.is_transferred <=> old.is_transferred
             AND new.is_renewal_ng <=> old.is_renewal_ng
             AND new.is_paysle_unpaid <=> old.is_paysle_unpaid
             AND new.renewal_priority <=> old.renewal_priority
             AND new.agreement_type <=> old.agreement_type)
), period AS (
  SELECT c.*, (SELECT MIN(later.day) FROM change_of_day later
               WHERE later.tenant_id = c.tenant_id AND later.day > c.day) AS until
  FROM change_of_day c
)
SELECT tenant_id, status, contract_type, affiliation_status, is_transferred, is_renewal_ng,
       is_paysle_unpaid, renewal_priority, agreement_type, day AS valid_from, until AS valid_to,
       CASE WHEN until IS NULL THEN 1 ELSE 0 END AS is_current
FROM period
