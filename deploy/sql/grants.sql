-- The schemas and accounts of the pipeline, each with the rights it needs and no more.
--
-- How to apply it, as an administrator of the server (it may run any number of times; passwords are
-- set anew each time, rights are only added):
--
--   sed -f <(for a in load build publish vault janitor admin; do
--              printf 's/@PASSWORD_etl_%s@/%s/g\n' $a "$(cat /etc/nightly-pipeline/secrets/etl_$a)"
--            done) deploy/sql/grants.sql | mariadb
--
-- (Like this no password stands in the arguments of a program, where everybody on the host sees it.)
-- Passwords must not hold a quote, a backslash, a slash or an ampersand. Apply
-- pipeline.sql first: some rights are on single tables of the schema `pipeline`.
--
-- An underscore in the schema name of a GRANT stands for any character, so each one is escaped.
-- (MySQL 8 with partial_revokes=ON takes names literally: remove the backslashes there.)
--
-- What keeps published data safe is which account lacks which right:
--   - what users wrote (models, hooks, tests) runs as etl_build, which can only read live schemas;
--   - the journal and the list of backups, from which tables are dropped, are written by etl_publish
--     alone;
--   - only etl_publish swaps tables, and it never runs what users wrote; the right to drop, which a
--     RENAME asks for, reaches live tables too, so its password deserves the most care;
--   - nobody but the administrator can change or delete a row of the vault.

-- Each fails with error 1242 while its placeholder stands in for a password. One statement an
-- account, since a client prints the statement that failed.
SET @is_set = IF('@PASSWORD_etl_load@' NOT LIKE '@PASSWORD%', 1, (SELECT 1 UNION SELECT 2));
SET @is_set = IF('@PASSWORD_etl_build@' NOT LIKE '@PASSWORD%', 1, (SELECT 1 UNION SELECT 2));
SET @is_set = IF('@PASSWORD_etl_publish@' NOT LIKE '@PASSWORD%', 1, (SELECT 1 UNION SELECT 2));
SET @is_set = IF('@PASSWORD_etl_vault@' NOT LIKE '@PASSWORD%', 1, (SELECT 1 UNION SELECT 2));
SET @is_set = IF('@PASSWORD_etl_janitor@' NOT LIKE '@PASSWORD%', 1, (SELECT 1 UNION SELECT 2));
SET @is_set = IF('@PASSWORD_etl_admin@' NOT LIKE '@PASSWORD%', 1, (SELECT 1 UNION SELECT 2));

-- ---- schemas: live, candidates, and our own -------------------------------------------------

CREATE DATABASE IF NOT EXISTS `staging` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS `staging__next` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS `seeds` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS `seeds__next` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS `silver` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS `silver__next` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS `gold` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS `gold__next` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS `vault` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS `pipeline` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS `preflight__next` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE IF NOT EXISTS `scratch__next` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

-- ---- etl_load: fills the candidates of staging

CREATE USER IF NOT EXISTS 'etl_load'@'localhost' IDENTIFIED BY '@PASSWORD_etl_load@';
CREATE USER IF NOT EXISTS 'etl_load'@'%' IDENTIFIED BY '@PASSWORD_etl_load@';
ALTER USER 'etl_load'@'localhost' IDENTIFIED BY '@PASSWORD_etl_load@';
ALTER USER 'etl_load'@'%' IDENTIFIED BY '@PASSWORD_etl_load@';

GRANT ALL PRIVILEGES ON `staging\_\_next`.*
  TO 'etl_load'@'localhost', 'etl_load'@'%';
GRANT SELECT ON `staging`.*
  TO 'etl_load'@'localhost', 'etl_load'@'%';
GRANT SELECT ON `pipeline`.*
  TO 'etl_load'@'localhost', 'etl_load'@'%';
GRANT INSERT, UPDATE ON `pipeline`.`loaded_dump`
  TO 'etl_load'@'localhost', 'etl_load'@'%';

-- ---- etl_build: runs models, hooks and tests, that is, what users wrote

CREATE USER IF NOT EXISTS 'etl_build'@'localhost' IDENTIFIED BY '@PASSWORD_etl_build@';
CREATE USER IF NOT EXISTS 'etl_build'@'%' IDENTIFIED BY '@PASSWORD_etl_build@';
ALTER USER 'etl_build'@'localhost' IDENTIFIED BY '@PASSWORD_etl_build@';
ALTER USER 'etl_build'@'%' IDENTIFIED BY '@PASSWORD_etl_build@';

GRANT SELECT ON `staging`.*
  TO 'etl_build'@'localhost', 'etl_build'@'%';
GRANT SELECT ON `seeds`.*
  TO 'etl_build'@'localhost', 'etl_build'@'%';
GRANT SELECT ON `silver`.*
  TO 'etl_build'@'localhost', 'etl_build'@'%';
GRANT SELECT ON `gold`.*
  TO 'etl_build'@'localhost', 'etl_build'@'%';
GRANT ALL PRIVILEGES ON `seeds\_\_next`.*
  TO 'etl_build'@'localhost', 'etl_build'@'%';
GRANT ALL PRIVILEGES ON `silver\_\_next`.*
  TO 'etl_build'@'localhost', 'etl_build'@'%';
GRANT ALL PRIVILEGES ON `gold\_\_next`.*
  TO 'etl_build'@'localhost', 'etl_build'@'%';
GRANT ALL PRIVILEGES ON `preflight\_\_next`.*
  TO 'etl_build'@'localhost', 'etl_build'@'%';
GRANT ALL PRIVILEGES ON `scratch\_\_next`.*
  TO 'etl_build'@'localhost', 'etl_build'@'%';
GRANT SELECT ON `pipeline`.*
  TO 'etl_build'@'localhost', 'etl_build'@'%';

-- The ledger of increments that were put into live tables themselves, written in their transaction.
GRANT INSERT ON `pipeline`.`applied_batch`
  TO 'etl_build'@'localhost', 'etl_build'@'%';
-- A model with publish: in_place writes to its live table. That is a right on this one table, which an
-- administrator gives once the table is there, knowing that a hook of any model may then write to it:
--
-- GRANT INSERT, UPDATE, DELETE ON `silver`.`large_history`
--   TO 'etl_build'@'localhost', 'etl_build'@'%';

-- ---- etl_publish: swaps finished candidates for live tables, and makes views

CREATE USER IF NOT EXISTS 'etl_publish'@'localhost' IDENTIFIED BY '@PASSWORD_etl_publish@';
CREATE USER IF NOT EXISTS 'etl_publish'@'%' IDENTIFIED BY '@PASSWORD_etl_publish@';
ALTER USER 'etl_publish'@'localhost' IDENTIFIED BY '@PASSWORD_etl_publish@';
ALTER USER 'etl_publish'@'%' IDENTIFIED BY '@PASSWORD_etl_publish@';

-- ALTER, DROP, CREATE, INSERT is what RENAME asks for; both sides need all four, since staging is
-- swapped two ways. TRIGGER is there to see triggers, since a publish refuses tables that have one:
-- MariaDB shows their names without it, MySQL does not (its manual; not run here).
GRANT SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON `staging`.*
  TO 'etl_publish'@'localhost', 'etl_publish'@'%';
GRANT SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON `seeds`.*
  TO 'etl_publish'@'localhost', 'etl_publish'@'%';
GRANT SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON `silver`.*
  TO 'etl_publish'@'localhost', 'etl_publish'@'%';
GRANT SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON `gold`.*
  TO 'etl_publish'@'localhost', 'etl_publish'@'%';
GRANT SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON `staging\_\_next`.*
  TO 'etl_publish'@'localhost', 'etl_publish'@'%';
GRANT SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON `seeds\_\_next`.*
  TO 'etl_publish'@'localhost', 'etl_publish'@'%';
GRANT SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON `silver\_\_next`.*
  TO 'etl_publish'@'localhost', 'etl_publish'@'%';
GRANT SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON `gold\_\_next`.*
  TO 'etl_publish'@'localhost', 'etl_publish'@'%';
GRANT SELECT ON `pipeline`.*
  TO 'etl_publish'@'localhost', 'etl_publish'@'%';
GRANT INSERT, UPDATE ON `pipeline`.`session`
  TO 'etl_publish'@'localhost', 'etl_publish'@'%';
GRANT INSERT, UPDATE ON `pipeline`.`publish_journal`
  TO 'etl_publish'@'localhost', 'etl_publish'@'%';
GRANT INSERT, UPDATE ON `pipeline`.`published_table`
  TO 'etl_publish'@'localhost', 'etl_publish'@'%';
GRANT INSERT, UPDATE ON `pipeline`.`backup`
  TO 'etl_publish'@'localhost', 'etl_publish'@'%';
GRANT INSERT, UPDATE ON `pipeline`.`restore_drill`
  TO 'etl_publish'@'localhost', 'etl_publish'@'%';
-- Only that a dump is published; what was loaded is noted by etl_load.
GRANT UPDATE (published_at) ON `pipeline`.`loaded_dump`
  TO 'etl_publish'@'localhost', 'etl_publish'@'%';

-- To name the session that keeps it waiting. It shows the statements of everybody on the server; without
-- it all goes on, and the message cannot say by whom.
GRANT PROCESS ON *.*
  TO 'etl_publish'@'localhost', 'etl_publish'@'%';

-- ---- etl_vault: appends to the vault what is live and what is about to be

CREATE USER IF NOT EXISTS 'etl_vault'@'localhost' IDENTIFIED BY '@PASSWORD_etl_vault@';
CREATE USER IF NOT EXISTS 'etl_vault'@'%' IDENTIFIED BY '@PASSWORD_etl_vault@';
ALTER USER 'etl_vault'@'localhost' IDENTIFIED BY '@PASSWORD_etl_vault@';
ALTER USER 'etl_vault'@'%' IDENTIFIED BY '@PASSWORD_etl_vault@';

GRANT SELECT, INSERT ON `vault`.*
  TO 'etl_vault'@'localhost', 'etl_vault'@'%';
GRANT SELECT ON `silver`.*
  TO 'etl_vault'@'localhost', 'etl_vault'@'%';
GRANT SELECT ON `gold`.*
  TO 'etl_vault'@'localhost', 'etl_vault'@'%';
GRANT SELECT ON `silver\_\_next`.*
  TO 'etl_vault'@'localhost', 'etl_vault'@'%';
GRANT SELECT ON `gold\_\_next`.*
  TO 'etl_vault'@'localhost', 'etl_vault'@'%';
GRANT SELECT ON `scratch\_\_next`.*
  TO 'etl_vault'@'localhost', 'etl_vault'@'%';
GRANT SELECT ON `pipeline`.*
  TO 'etl_vault'@'localhost', 'etl_vault'@'%';

-- ---- etl_janitor: drops old backups
--
-- It drops nothing in the shadows. It sees them, since `check` knows a live schema by its shadow.

CREATE USER IF NOT EXISTS 'etl_janitor'@'localhost' IDENTIFIED BY '@PASSWORD_etl_janitor@';
CREATE USER IF NOT EXISTS 'etl_janitor'@'%' IDENTIFIED BY '@PASSWORD_etl_janitor@';
ALTER USER 'etl_janitor'@'localhost' IDENTIFIED BY '@PASSWORD_etl_janitor@';
ALTER USER 'etl_janitor'@'%' IDENTIFIED BY '@PASSWORD_etl_janitor@';

GRANT SELECT, DROP ON `seeds`.*
  TO 'etl_janitor'@'localhost', 'etl_janitor'@'%';
GRANT SELECT, DROP ON `silver`.*
  TO 'etl_janitor'@'localhost', 'etl_janitor'@'%';
GRANT SELECT, DROP ON `gold`.*
  TO 'etl_janitor'@'localhost', 'etl_janitor'@'%';
GRANT SELECT ON `seeds\_\_next`.*
  TO 'etl_janitor'@'localhost', 'etl_janitor'@'%';
GRANT SELECT ON `silver\_\_next`.*
  TO 'etl_janitor'@'localhost', 'etl_janitor'@'%';
GRANT SELECT ON `gold\_\_next`.*
  TO 'etl_janitor'@'localhost', 'etl_janitor'@'%';
GRANT SELECT ON `pipeline`.*
  TO 'etl_janitor'@'localhost', 'etl_janitor'@'%';
GRANT UPDATE (dropped_at) ON `pipeline`.`backup`
  TO 'etl_janitor'@'localhost', 'etl_janitor'@'%';

-- ---- etl_admin: sets up, adopts, makes and alters vault tables, gives rights on single tables
--
-- Everything with GRANT OPTION is the simple choice; no stage ever logs in with it. A managed server
-- (Aurora, RDS) refuses ALL ON *.*: leave this account out there and use the master user.

CREATE USER IF NOT EXISTS 'etl_admin'@'localhost' IDENTIFIED BY '@PASSWORD_etl_admin@';
CREATE USER IF NOT EXISTS 'etl_admin'@'%' IDENTIFIED BY '@PASSWORD_etl_admin@';
ALTER USER 'etl_admin'@'localhost' IDENTIFIED BY '@PASSWORD_etl_admin@';
ALTER USER 'etl_admin'@'%' IDENTIFIED BY '@PASSWORD_etl_admin@';

GRANT ALL PRIVILEGES ON *.*
  TO 'etl_admin'@'localhost', 'etl_admin'@'%' WITH GRANT OPTION;

-- ---- a development target (transformers' --target): its schemas on the same server
--
-- Not part of the pipeline. For a target whose models lie in dev_seeds, dev_silver and dev_gold take the
-- comments off (`sed -n 's/^-- dev: //p' deploy/sql/grants.sql | mariadb`); for another prefix replace
-- dev\_ first. Every schema by its name: a server looks at one pattern only where two fit, and it would
-- depend on chance which. The accounts get nothing on a schema of production that they do not have
-- already.
--
-- dev: GRANT SELECT ON `dev\_seeds`.* TO 'etl_build'@'localhost', 'etl_build'@'%';
-- dev: GRANT ALL PRIVILEGES ON `dev\_seeds\_\_next`.* TO 'etl_build'@'localhost', 'etl_build'@'%';
-- dev: GRANT SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON `dev\_seeds`.*
-- dev:   TO 'etl_publish'@'localhost', 'etl_publish'@'%';
-- dev: GRANT SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON `dev\_seeds\_\_next`.*
-- dev:   TO 'etl_publish'@'localhost', 'etl_publish'@'%';
-- dev: GRANT SELECT, DROP ON `dev\_seeds`.* TO 'etl_janitor'@'localhost', 'etl_janitor'@'%';
-- dev: GRANT SELECT ON `dev\_seeds\_\_next`.* TO 'etl_janitor'@'localhost', 'etl_janitor'@'%';
-- dev: GRANT SELECT ON `dev\_silver`.* TO 'etl_build'@'localhost', 'etl_build'@'%';
-- dev: GRANT ALL PRIVILEGES ON `dev\_silver\_\_next`.* TO 'etl_build'@'localhost', 'etl_build'@'%';
-- dev: GRANT SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON `dev\_silver`.*
-- dev:   TO 'etl_publish'@'localhost', 'etl_publish'@'%';
-- dev: GRANT SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON `dev\_silver\_\_next`.*
-- dev:   TO 'etl_publish'@'localhost', 'etl_publish'@'%';
-- dev: GRANT SELECT, DROP ON `dev\_silver`.* TO 'etl_janitor'@'localhost', 'etl_janitor'@'%';
-- dev: GRANT SELECT ON `dev\_silver\_\_next`.* TO 'etl_janitor'@'localhost', 'etl_janitor'@'%';
-- dev: GRANT SELECT ON `dev\_gold`.* TO 'etl_build'@'localhost', 'etl_build'@'%';
-- dev: GRANT ALL PRIVILEGES ON `dev\_gold\_\_next`.* TO 'etl_build'@'localhost', 'etl_build'@'%';
-- dev: GRANT SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON `dev\_gold`.*
-- dev:   TO 'etl_publish'@'localhost', 'etl_publish'@'%';
-- dev: GRANT SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON `dev\_gold\_\_next`.*
-- dev:   TO 'etl_publish'@'localhost', 'etl_publish'@'%';
-- dev: GRANT SELECT, DROP ON `dev\_gold`.* TO 'etl_janitor'@'localhost', 'etl_janitor'@'%';
-- dev: GRANT SELECT ON `dev\_gold\_\_next`.* TO 'etl_janitor'@'localhost', 'etl_janitor'@'%';
