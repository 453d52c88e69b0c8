-- The pipeline's own records. Apply it before grants.sql, which gives each account the tables that it
-- needs and no more; nobody but the administrator may delete here.

CREATE DATABASE IF NOT EXISTS `pipeline` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

-- Which warehouse this is. The pipeline writes down the fingerprint that it met first and refuses to
-- work on another one.
CREATE TABLE IF NOT EXISTS pipeline.target (
  one         TINYINT NOT NULL DEFAULT 1 COMMENT 'there is one row',
  fingerprint CHAR(36) NOT NULL,
  made_at     DATETIME(6) NOT NULL,
  PRIMARY KEY (one)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
-- By a variable: a replica that repeats the statement would make a fingerprint of its own.
SET @fingerprint = UUID();
INSERT IGNORE INTO pipeline.target (one, fingerprint, made_at) VALUES (1, @fingerprint, UTC_TIMESTAMP(6));

-- Server sessions of runs: the next run ends what is left of a dead one. Each session holds the
-- server-side lock named by its token, so the server itself says whether it still lives.
CREATE TABLE IF NOT EXISTS pipeline.session (
  token         VARCHAR(64) NOT NULL,
  connection_id BIGINT UNSIGNED NOT NULL COMMENT 'for people; ids begin anew when the server does',
  run_id        VARCHAR(64) NOT NULL,
  target        VARCHAR(64) NOT NULL COMMENT 'the schema that the run writes',
  role          VARCHAR(32) NOT NULL,
  account       VARCHAR(128) NOT NULL,
  opened_at     DATETIME(6) NOT NULL,
  closed_at     DATETIME(6) NULL,
  PRIMARY KEY (token),
  KEY open_sessions (target, closed_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Every publish, restore and backup, planned before its RENAME and closed after its last effect.
CREATE TABLE IF NOT EXISTS pipeline.publish_journal (
  publish_id   BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  schema_name  VARCHAR(64) NOT NULL,
  generation   BIGINT UNSIGNED NOT NULL,
  run_id       VARCHAR(64) NOT NULL,
  business_date DATE NOT NULL,
  state        VARCHAR(16) NOT NULL COMMENT 'planned, unfinished, done, abandoned',
  plan         LONGTEXT NOT NULL COMMENT 'JSON: docs/formats/publish-journal.md',
  created_at   DATETIME(6) NOT NULL,
  closed_at    DATETIME(6) NULL,
  note         VARCHAR(1024) NULL,
  kind         VARCHAR(16) NOT NULL DEFAULT 'publish' COMMENT 'publish, restore, rollback, backup, holds, adopt, update',
  reason       VARCHAR(1024) NULL COMMENT 'that a person gave',
  PRIMARY KEY (publish_id),
  KEY open_entries (schema_name, state)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row a table that a publish or a restore made live: which day it holds, and what it replaced.
CREATE TABLE IF NOT EXISTS pipeline.published_table (
  publish_id      BIGINT UNSIGNED NOT NULL,
  schema_name     VARCHAR(64) NOT NULL,
  table_name      VARCHAR(64) NOT NULL,
  generation      BIGINT UNSIGNED NOT NULL,
  business_date   DATE NOT NULL COMMENT 'that the rows hold',
  had_predecessor TINYINT NOT NULL,
  contents        VARCHAR(16) NOT NULL COMMENT 'rebuilt: made whole by each run; accumulated: holds earlier days',
  backup_name     VARCHAR(64) NULL,
  how             VARCHAR(16) NOT NULL DEFAULT 'built' COMMENT 'built: by a run for this date; built_anew: the same without earlier rows; put_back: from a backup; declared: by a person; updated: changed by a person',
  origin_publish_id BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the publish that built these rows; 0: this one',
  checksum        VARCHAR(80) NULL COMMENT 'of accumulated tables, right after the RENAME',
  PRIMARY KEY (publish_id, schema_name, table_name),
  KEY by_table (schema_name, table_name, business_date)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Backups: tables that a publish or a restore swapped out and kept, and copies that a person asked for.
CREATE TABLE IF NOT EXISTS pipeline.backup (
  schema_name   VARCHAR(64) NOT NULL,
  backup_name   VARCHAR(64) NOT NULL,
  table_name    VARCHAR(64) NOT NULL,
  run_id        VARCHAR(64) NOT NULL COMMENT 'the run that made it',
  publish_id    BIGINT UNSIGNED NOT NULL,
  generation    BIGINT UNSIGNED NOT NULL COMMENT 'in which its rows were live',
  business_date DATE NULL COMMENT 'that it holds',
  rows_before   BIGINT UNSIGNED NOT NULL COMMENT 'of the live table before the RENAME',
  rows_after    BIGINT UNSIGNED NOT NULL COMMENT 'of the backup after it',
  created_at    DATETIME(6) NOT NULL,
  dropped_at    DATETIME(6) NULL,
  kind          VARCHAR(24) NOT NULL DEFAULT 'swapped_out' COMMENT 'swapped_out, copied, replaced_by_restore',
  origin_publish_id BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the publish that built these rows; 0: unknown',
  checksum_before VARCHAR(80) NULL COMMENT 'of the live table before the RENAME; null if that was too dear',
  checksum      VARCHAR(80) NULL COMMENT 'of the backup after it',
  bytes         BIGINT UNSIGNED NULL COMMENT 'data and indexes, as the server estimates them',
  put_back_at   DATETIME(6) NULL COMMENT 'when a restore made it the live table',
  missed_at     DATETIME(6) NULL COMMENT 'when a publish saw that somebody had dropped or renamed it',
  PRIMARY KEY (schema_name, backup_name),
  KEY by_table (schema_name, table_name, created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Increments that were put into live tables themselves (publish: in_place), one row in the transaction
-- of each. The table holds a batch that no publish has noted if after_publish_id is still its last one.
CREATE TABLE IF NOT EXISTS pipeline.applied_batch (
  batch_id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  schema_name      VARCHAR(64) NOT NULL,
  table_name       VARCHAR(64) NOT NULL,
  business_date    DATE NOT NULL,
  input_generation BIGINT UNSIGNED NOT NULL COMMENT 'of the layer below',
  batch_hash       CHAR(64) NOT NULL COMMENT 'of the SQL and the settings of the model',
  run_id           VARCHAR(64) NOT NULL,
  after_publish_id BIGINT UNSIGNED NOT NULL COMMENT 'the last publish of the table before it; 0: none',
  applied_at       DATETIME(6) NOT NULL,
  PRIMARY KEY (batch_id),
  UNIQUE KEY once (schema_name, table_name, business_date, input_generation, batch_hash, after_publish_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Dumps that were loaded, one row a generation of staging; published_at is set when the marker shows it.
CREATE TABLE IF NOT EXISTS pipeline.loaded_dump (
  generation    BIGINT UNSIGNED NOT NULL,
  run_id        VARCHAR(64) NOT NULL,
  business_date DATE NOT NULL,
  object_key    VARCHAR(1024) NOT NULL,
  object_sha256 CHAR(64) NOT NULL,
  object_bytes  BIGINT UNSIGNED NOT NULL,
  owned_tables  LONGTEXT NOT NULL COMMENT 'JSON: [{"table","rows","content","slot"}]: the tables of staging that are the loader''s',
  override_reason VARCHAR(1024) NULL COMMENT 'allow-gaps, newest-only or rewind, with the reason',
  loaded_at     DATETIME(6) NOT NULL,
  published_at  DATETIME(6) NULL,
  PRIMARY KEY (generation, run_id),
  KEY by_sha (object_sha256)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The last drill of each table and source that proved, and the last that failed: what a restore of
-- its newest backup, or of the vault's newest batch, would have given.
CREATE TABLE IF NOT EXISTS pipeline.restore_drill (
  schema_name   VARCHAR(64) NOT NULL,
  table_name    VARCHAR(64) NOT NULL,
  source        VARCHAR(16) NOT NULL COMMENT 'backup, vault',
  outcome       VARCHAR(16) NOT NULL COMMENT 'proven, failed',
  restored_from VARCHAR(64) NOT NULL COMMENT 'the backup, or the batch of the vault; empty: there was none',
  business_date DATE NULL COMMENT 'that it holds',
  row_count     BIGINT UNSIGNED NOT NULL COMMENT 'rows that came back',
  finding       VARCHAR(1024) NULL COMMENT 'why it does not prove',
  run_id        VARCHAR(64) NOT NULL,
  took_ms       BIGINT UNSIGNED NOT NULL,
  drilled_at    DATETIME(6) NOT NULL,
  PRIMARY KEY (schema_name, table_name, source, outcome)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Columns that came later. MariaDB reads this; on MySQL, where no earlier version ran, it is a comment.
/*M!100100
ALTER TABLE pipeline.publish_journal
  ADD COLUMN IF NOT EXISTS kind VARCHAR(16) NOT NULL DEFAULT 'publish' COMMENT 'publish, restore, rollback, backup, holds, adopt',
  ADD COLUMN IF NOT EXISTS reason VARCHAR(1024) NULL COMMENT 'that a person gave' */;
/*M!100100
ALTER TABLE pipeline.published_table
  ADD COLUMN IF NOT EXISTS how VARCHAR(16) NOT NULL DEFAULT 'built' COMMENT 'built: by a run for this date; built_anew: the same without earlier rows; put_back: from a backup; declared: by a person',
  ADD COLUMN IF NOT EXISTS origin_publish_id BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the publish that built these rows; 0: this one',
  ADD COLUMN IF NOT EXISTS checksum VARCHAR(80) NULL COMMENT 'of accumulated tables, right after the RENAME' */;
/*M!100100
ALTER TABLE pipeline.backup
  ADD COLUMN IF NOT EXISTS kind VARCHAR(24) NOT NULL DEFAULT 'swapped_out' COMMENT 'swapped_out, copied, replaced_by_restore',
  ADD COLUMN IF NOT EXISTS origin_publish_id BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the publish that built these rows; 0: unknown',
  ADD COLUMN IF NOT EXISTS checksum_before VARCHAR(80) NULL COMMENT 'of the live table before the RENAME; null if that was too dear',
  ADD COLUMN IF NOT EXISTS checksum VARCHAR(80) NULL COMMENT 'of the backup after it',
  ADD COLUMN IF NOT EXISTS bytes BIGINT UNSIGNED NULL COMMENT 'data and indexes, as the server estimates them',
  ADD COLUMN IF NOT EXISTS put_back_at DATETIME(6) NULL COMMENT 'when a restore made it the live table',
  ADD COLUMN IF NOT EXISTS missed_at DATETIME(6) NULL COMMENT 'when a publish saw that somebody had dropped or renamed it' */;
