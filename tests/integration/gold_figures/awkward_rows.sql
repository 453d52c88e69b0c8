-- Rows in which the rules meet their edges, added to the source of each day; @today is its date.
-- Their ids are far above those of the sample. What changes from day to day goes by @today.
SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO';

-- Houses: on the border of Tokyo, outside with and without a better place elsewhere, half a place.
INSERT INTO apartments (id, unique_number, apartment_name, apartment_name_en, full_address, latitude, longitude,
                        room_count, created_at, updated_at) VALUES
  (900001, 'X-1', 'Null', '--', 'NULL', 35.5000000, 138.9400000, 20, '2019-01-01', '2019-01-01'),
  (900002, 'X-2', 'null', '', '東京都', 35.6000000, 139.9200001, 0, '2019-01-01', '2019-01-01'),
  (900003, 'X-3', 'House X3', 'NULL', '東京都', NULL, 139.7000000, 0, '2019-01-01', '2019-01-01'),
  (900004, 'X-4', 'House X4', '*', '東京都', 35.9000000, 139.9200000, 0, '2019-01-01', '2019-01-01'),
  (900005, 'X-5', 'House X5', NULL, '東京都', 35.4999999, 139.5000000, 0, '2019-01-01', '2019-01-01');
INSERT INTO rooms (id, apartment_id, room_number, rent, room_floor, capacity, gender_type, created_at, updated_at)
  SELECT 900000 + seq, 900001, CONCAT('X', seq), 50000, 1, 2, 1 + seq % 3, '2019-01-01', '2019-01-01' FROM seq_1_to_20;

-- People. 1 to 20 have contracts below, 31 to 38 come, go and change.
INSERT INTO tenants (id, full_name, gender_type, status, contract_type, created_at, updated_at)
  SELECT 900000 + seq, CONCAT('見本 九', seq), 1, 17, 1, '2019-01-01', '2019-01-01' FROM seq_1_to_20;
UPDATE tenants SET birth_date = '2000-02-29' WHERE id = 900001;
UPDATE tenants SET full_name = '*', last_name = 'Null', first_name = 'null', affiliation = ' -- ', corporate_name = ' Null Inc. ', nationality = 'レソト',
                   personal_identity = 'NULL', birth_date = '0000-00-00', contract_type = 2 WHERE id = 900002;
UPDATE tenants SET m_nationality_id = 1, nationality = '見本国', personal_identity = '3', birth_date = '1990-02-02' WHERE id = 900003;
UPDATE tenants SET m_nationality_id = NULL, nationality = 'null', full_name_kana = '**', contract_type = 4 WHERE id = 900004;
INSERT INTO tenants (id, full_name, gender_type, status, contract_type, renewal_priority, created_at, updated_at)
  SELECT * FROM (
    SELECT 900031 AS id, 'A to B to A' AS full_name, 1 AS gender_type, IF(DAY(@today) = 2, 3, 2) AS status, 1 AS contract_type,
           NULL AS renewal_priority, TIMESTAMP('2026-01-30') AS created_at, TIMESTAMP('2026-01-30') AS updated_at
    UNION ALL SELECT 900032, 'NULL to 0 to NULL', 1, 2, 1, IF(DAY(@today) = 2, 0, NULL), '2026-01-30', '2026-01-30'
    UNION ALL SELECT 900033, 'away on day 2, back the same', 1, 2, 1, NULL, '2026-01-30', '2026-01-30'
    UNION ALL SELECT 900034, 'away on day 2, back another', 1, IF(DAY(@today) = 3, 3, 2), 1, NULL, '2026-01-30', '2026-01-30'
    UNION ALL SELECT 900035, 'here on day 1 alone', 1, 2, 1, NULL, '2026-01-30', '2026-01-30'
    UNION ALL SELECT 900036, 'here from day 2 on', 1, 2, 1, NULL, '2026-01-30', '2026-01-30'
    UNION ALL SELECT 900037, 'another every day', 1, DAY(@today), 1, DAY(@today), '2026-01-30', '2026-01-30'
    UNION ALL SELECT 900038, 'another kind of contract on day 3', 1, 2, IF(DAY(@today) = 3, 2, 1), NULL, '2026-01-30', '2026-01-30'
  ) people
  WHERE NOT (id IN (900033, 900034) AND DAY(@today) = 2) AND NOT (id = 900035 AND DAY(@today) > 1)
    AND NOT (id = 900036 AND DAY(@today) = 1);

-- Contracts. The room is that of the tenant's number unless the point is another one.
INSERT INTO movings (id, tenant_id, apartment_id, room_id, moving_agreement_type, movein_decided_date, movein_date,
                     moveout_receipt_date, moveout_plans_date, moveout_date, moveout_date_integrated, move_renew_flag,
                     cancel_flag, is_moveout, rent, moveout_fee, created_at, updated_at) VALUES
  -- A birthday on February 29; an age of full years the day before it and on it.
  (900001, 900001, 900001, 900001, 1, '2023-02-28 23:59:59', '2023-02-28', '2024-02-28', NULL, NULL, '2024-02-29', 0, 0, 1, 29999, NULL, '2023-02-28', '2024-03-01'),
  (900002, 900001, 900001, 900002, 1, '2024-02-29 00:00:00', '2024-02-29', NULL, NULL, '2025-02-28', NULL, 1, 0, 1, 30000, 0, '2024-02-29', '2025-03-01'),
  -- Zero dates are no dates: the plan counts, then the recorded day; a signature of zeros is none.
  (900003, 900002, 900001, 900003, 2, '0000-00-00 00:00:00', '2020-01-31', '0000-00-00', '2020-02-29', '2020-03-01', '0000-00-00', 0, 0, 1, 79999, 100.50, '2020-01-31', '2020-03-01'),
  (900004, 900002, 900001, 900004, 4, NULL, '2020-01-31', NULL, '0000-00-00', '2020-03-31', '0000-00-00', 0, 0, 1, 80000, 0.01, '2020-01-31', '2020-03-01'),
  -- The first and the last day of the figures, and those beside them.
  (900005, 900003, 900001, 900005, 3, '2017-12-31 23:59:59', '2018-01-01', '2018-01-01', NULL, NULL, '2018-01-01', 0, 0, 1, 0, NULL, '2017-12-31 23:59:59', '2018-01-02'),
  (900006, 900003, 900001, 900006, 3, '2018-01-01 00:00:00', '2017-12-31', NULL, NULL, NULL, '2017-12-31', 0, 0, 1, 40000, NULL, '2018-01-01 00:00:00', '2018-01-02'),
  -- Leaves today, leaves tomorrow, left although the source says nothing of it.
  (900007, 900004, 900001, 900007, 1, '2025-01-01 10:00:00', '2025-01-01', @today, NULL, NULL, @today, 0, 0, 0, 49999, NULL, '2025-01-01', '2025-01-01'),
  (900008, 900005, 900001, 900008, 1, '2025-01-01 10:00:00', '2025-01-01', @today, @today + INTERVAL 1 DAY, NULL, NULL, 0, 0, 0, 50000, NULL, '2025-01-01', '2025-01-01'),
  (900009, 900006, 900001, 900009, 1, '2025-01-01 10:00:00', '2025-01-01', NULL, '2025-06-30', '2025-07-31', NULL, 0, 0, 0, 59999, NULL, '2025-01-01', '2025-01-01'),
  -- A notice 24 months old and one a day older; one without a day to leave; one after the fact.
  (900010, 900007, 900001, 900010, 1, '2022-01-01 10:00:00', '2022-01-01', '2024-02-01', NULL, NULL, '2024-03-01', 0, 0, 1, 60000, NULL, '2022-01-01', '2024-03-01'),
  (900011, 900008, 900001, 900011, 1, '2022-01-01 10:00:00', '2022-01-01', '2024-02-02', NULL, NULL, '2024-03-01', 0, 0, 1, 69999, NULL, '2022-01-01', '2024-03-01'),
  (900012, 900009, 900001, 900012, 1, '2022-01-01 10:00:00', '2022-01-01', '2025-12-01', NULL, NULL, NULL, 0, 0, 0, 70000, NULL, '2022-01-01', '2024-03-01'),
  (900013, 900010, 900001, 900013, 1, '2022-01-01 10:00:00', '2022-01-01', '2025-12-01', NULL, '2025-11-01', NULL, 0, 0, 1, 70000, NULL, '2022-01-01', '2024-03-01'),
  -- Repeated rows: the newer one is cancelled, both are, neither is.
  (900014, 900011, 900001, 900014, 1, '2025-02-01 10:00:00', '2025-02-01', NULL, NULL, NULL, NULL, 0, 0, 0, 51000, NULL, '2025-01-20', '2025-02-01'),
  (900015, 900011, 900001, 900014, 1, '2025-02-02 10:00:00', '2025-02-02', NULL, NULL, NULL, NULL, 0, 1, 0, 52000, NULL, '2025-01-21', '2025-02-01'),
  (900016, 900012, 900001, 900015, 6, '2025-02-01 10:00:00', '2025-02-01', NULL, NULL, NULL, NULL, 0, 1, 0, 51000, NULL, '2025-01-20', '2025-02-01'),
  (900017, 900012, 900001, 900015, 0, '2025-02-02 10:00:00', NULL, '2025-02-03', NULL, NULL, '2025-02-04', 0, 1, 0, 52000, NULL, '2025-01-21', '2025-02-01'),
  (900018, 900013, 900001, 900016, 7, '2025-02-01 10:00:00', '2025-02-01', NULL, NULL, NULL, '2025-03-01', 0, 0, 1, 51000, NULL, '2025-01-20', '2025-02-01'),
  (900019, 900013, 900001, 900016, 9, '2025-02-02 10:00:00', '2025-02-02', NULL, NULL, NULL, NULL, 0, 0, 0, 52000, NULL, '2025-01-21', '2025-02-01'),
  -- One room with two people, the later of whom counts; and two who came on one day.
  (900020, 900014, 900001, 900017, 1, '2025-02-01 10:00:00', '2025-02-01', NULL, NULL, NULL, NULL, 0, 0, 0, -1, NULL, '2025-01-20', '2025-02-01'),
  (900021, 900015, 900001, 900017, 1, '2025-02-01 10:00:00', '2025-02-02', NULL, NULL, NULL, NULL, 0, 0, 0, 52000, NULL, '2025-01-21', '2025-02-01'),
  (900022, 900016, 900001, 900018, 1, '2025-02-01 10:00:00', '2025-02-01', NULL, NULL, NULL, NULL, 0, 0, 0, 51000, NULL, '2025-01-20', '2025-02-01'),
  (900023, 900017, 900001, 900018, 1, '2025-02-01 10:00:00', '2025-02-01', NULL, NULL, NULL, NULL, 0, 0, 0, 52000, NULL, '2025-01-21', '2025-02-01'),
  -- An earlier current contract beats a later one that is not; who moved on has both rooms for now.
  (900024, 900018, 900001, 900019, 1, '2025-01-01 10:00:00', '2025-01-01', NULL, NULL, NULL, NULL, 0, 0, 0, 51000, NULL, '2025-01-20', '2025-02-01'),
  (900025, 900019, 900001, 900019, 1, '2025-02-01 10:00:00', '2025-02-01', NULL, NULL, NULL, NULL, 0, 0, 0, 52000, NULL, '2025-01-21', '2025-02-01'),
  (900026, 900019, 900001, 900020, 1, '2025-12-01 10:00:00', '2025-12-01', NULL, NULL, NULL, NULL, 0, 0, 0, 52000, NULL, '2025-01-21', '2025-02-01'),
  -- Signed in the last second of today, to begin tomorrow; and the rent is below zero, so in no band.
  (900027, 900020, 900001, 900001, 8, CONCAT(@today, ' 23:59:59'), @today + INTERVAL 1 DAY, NULL, NULL, NULL, NULL, 0, 0, 0, 55000, NULL, CONCAT(@today, ' 00:00:00'), @today),
  (900028, 900020, 900001, 900002, 1, '2021-06-01 12:00:00', '2021-06-30', '2021-08-15', NULL, NULL, '2021-09-29', 0, 0, 1, -1, 5000, '2021-06-01', '2021-09-29');
UPDATE tenants t SET status = 9, moving_id = (SELECT MAX(m.id) FROM movings m WHERE m.tenant_id = t.id)
  WHERE id IN (900004, 900005, 900006, 900009, 900011, 900013, 900014, 900015, 900016, 900017, 900018, 900019, 900020);
-- The current contract is named by the repeated row that does not count.
UPDATE tenants SET moving_id = 900018 WHERE id = 900013;

-- Inquiries without a time, with a time of zeros, of nobody, and in the last second of today.
INSERT INTO inquiries (id, tenant_id, inquiry_date, created_at, updated_at) VALUES
  (900001, 900004, NULL, '2025-05-05 05:05:05', '2025-05-05 05:05:05'),
  (900002, 900002, '0000-00-00 00:00:00', '2025-05-06 05:05:05', '2025-05-06 05:05:05'),
  (900003, NULL, '2025-05-07 00:00:00', '2025-05-08 05:05:05', '2025-05-08 05:05:05'),
  (900004, 900001, CONCAT(@today, ' 23:59:59'), '2025-05-08 05:05:05', '2025-05-08 05:05:05'),
  (900005, 900001, '2017-12-31 23:59:59', '2018-01-01 00:00:00', '2018-01-01 00:00:00');
