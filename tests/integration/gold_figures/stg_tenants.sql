-- The tenants as they are on the day, without the dirt and with the labels of their codes.
WITH tenant AS (
  SELECT t.*,
         COALESCE(
           (SELECT country(n.nationality_name) FROM source.m_nationalities n
            WHERE n.id = t.m_nationality_id),
           country(t.nationality)) AS country,
         CASE WHEN t.personal_identity REGEXP '^[0-9]+$'
              THEN CAST(t.personal_identity AS SIGNED) END AS document
  FROM source.tenants t
)
SELECT t.id AS tenant_id, cleaned_name(t.last_name) AS last_name,
       cleaned_name(t.first_name) AS first_name, cleaned_name(t.full_name) AS full_name,
       cleaned_name(t.full_name_kana) AS full_name_kana,
       t.gender_type, g.label_ja AS gender_label_ja, g.label_en AS gender_label_en,
       real_date(t.birth_date) AS birth_date, real_date(t.first_movein_date) AS first_movein_date,
       real_date(t.renewal_movein_date) AS renewal_movein_date,
       real_date(t.renewal_deadline_date) AS renewal_deadline_date,
       t.m_nationality_id, t.country AS nationality, t.m_language_id_1 AS language_id,
       cleaned(t.personal_identity) AS personal_identity,
       p.label_ja AS personal_identity_label_ja, p.label_en AS personal_identity_label_en,
       cleaned(t.affiliation) AS affiliation, cleaned(t.corporate_name) AS corporate_name,
       t.affiliation_type, a.label_ja AS affiliation_type_label_ja,
       a.label_en AS affiliation_type_label_en, t.affiliation_status,
       t.status, s.label_ja AS status_label_ja, s.label_en AS status_label_en, s.is_active_lease,
       t.contract_type, c.label_ja AS contract_type_label_ja, c.label_en AS contract_type_label_en,
       c.tenant_type, t.agreement_type,
       t.reason_moveout, r.label_ja AS reason_moveout_label_ja, r.label_en AS reason_moveout_label_en,
       t.is_transferred, t.is_renewal_ng, t.is_paysle_unpaid, t.renewal_priority, t.media_id,
       t.moving_id AS current_moving_id, t.under_contract_id, t.inquiry_id, t.created_at, t.updated_at
FROM tenant t
LEFT JOIN code_gender g ON g.code = t.gender_type
LEFT JOIN code_personal_identity p ON p.code = t.document
LEFT JOIN code_affiliation_type a ON a.code = t.affiliation_type
LEFT JOIN code_tenant_status s ON s.code = t.status
LEFT JOIN code_contract_type c ON c.code = t.contract_type
LEFT JOIN code_moveout_reason r ON r.code = t.reason_moveout
