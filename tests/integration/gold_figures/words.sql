-- The words of the descriptions, as functions: what a clean text is, and a full year.
SET NAMES utf8mb4;
CREATE OR REPLACE DATABASE expected CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
USE expected;

CREATE FUNCTION cleaned(words TEXT) RETURNS TEXT DETERMINISTIC
  RETURN IF(BINARY TRIM(words) IN ('', '--', 'NULL', 'null'), NULL, TRIM(words));
CREATE FUNCTION cleaned_name(words TEXT) RETURNS TEXT DETERMINISTIC
  RETURN IF(BINARY TRIM(words) = '*', NULL, cleaned(words));
CREATE FUNCTION country(words TEXT) RETURNS TEXT DETERMINISTIC
  RETURN IF(BINARY TRIM(words) = 'レソト', NULL, cleaned(words));
CREATE FUNCTION real_date(day DATE) RETURNS DATE DETERMINISTIC
  RETURN IF(YEAR(day) = 0, NULL, day);
CREATE FUNCTION real_time(moment DATETIME) RETURNS DATETIME DETERMINISTIC
  RETURN IF(YEAR(moment) = 0, NULL, moment);
-- A year is full on the birthday, a month on the same day of the month.
CREATE FUNCTION full_years(since DATE, until DATE) RETURNS INT DETERMINISTIC
  RETURN YEAR(until) - YEAR(since) - (RIGHT(until, 5) < RIGHT(since, 5));
CREATE FUNCTION full_months(since DATE, until DATE) RETURNS INT DETERMINISTIC
  RETURN 12 * (YEAR(until) - YEAR(since)) + MONTH(until) - MONTH(since) - (DAY(until) < DAY(since));

CREATE TABLE code_gender (code INT PRIMARY KEY, label_ja TEXT, label_en TEXT);
CREATE TABLE code_tenant_status LIKE code_gender;
ALTER TABLE code_tenant_status ADD COLUMN is_active_lease INT;
CREATE TABLE code_contract_type LIKE code_gender;
ALTER TABLE code_contract_type ADD COLUMN tenant_type TEXT;
CREATE TABLE code_personal_identity LIKE code_gender;
CREATE TABLE code_affiliation_type LIKE code_gender;
CREATE TABLE code_moveout_reason LIKE code_gender;
