-- Each period of a tenant beside the one before it.
WITH pair AS (
  SELECT new.*, old.valid_from AS old_from, old.status AS old_status,
         old.contract_type AS old_contract_type, old.affiliation_status AS old_affiliation_status,
         old.is_transferred AS old_is_transferred, old.is_renewal_ng AS old_is_renewal_ng,
         old.is_paysle_unpaid AS old_is_paysle_unpaid, old.renewal_priority AS old_renewal_priority,
         old.agreement_type AS old_agreement_type
  FROM tenant_status_history new
  LEFT JOIN tenant_status_history old ON old.tenant_id = new.tenant_id
   AND old.valid_from = (SELECT MAX(valid_from) FROM tenant_status_history earlier
                         WHERE earlier.tenant_id = new.tenant_id
                           AND earlier.valid_from < new.valid_from)
)
SELECT p.tenant_id, p.valid_from AS effective_date, p.valid_to, p.is_current,
       p.old_from AS previous_effective_date, TO_DAYS(p.valid_from) - TO_DAYS(p.old_from) AS days_in_previous,
       p.status, p.old_status AS previous_status,
       p.contract_type, p.old_contract_type AS previous_contract_type,
       p.affiliation_status, p.old_affiliation_status AS previous_affiliation_status,
       p.is_transferred, p.old_is_transferred AS previous_is_transferred,
       p.is_renewal_ng, p.old_is_renewal_ng AS previous_is_renewal_ng,
       p.is_paysle_unpaid, p.old_is_paysle_unpaid AS previous_is_paysle_unpaid,
       p.renewal_priority, p.old_renewal_priority AS previous_renewal_priority,
       p.agreement_type, p.old_agreement_type AS previous_agreement_type,
       s.label_ja AS status_label_ja, s.label_en AS status_label_en,
       os.label_ja AS previous_status_label_ja, os.label_en AS previous_status_label_en,
       c.label_ja AS contract_type_label_ja, c.label_en AS contract_type_label_en,
       oc.label_ja AS previous_contract_type_label_ja, oc.label_en AS previous_contract_type_label_en,
       p.old_from IS NULL AS is_first,
       p.old_from IS NOT NULL AND p.old_status <> p.status AS is_status_change
FROM pair p
LEFT JOIN code_tenant_status s ON s.code = p.status
LEFT JOIN code_tenant_status os ON os.code = p.old_status
LEFT JOIN code_contract_type c ON c.code = p.contract_type
LEFT JOIN code_contract_type oc ON oc.code = p.old_contract_type
