-- The pipeline's own records. Apply it before grants.sql, which gives each account the tables that it
-- needs and no more; nobody but the administrator may delete here.

CREATE DATABASE IF NOT EXISTS `pipeline` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

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

-- Every publish, planned before its RENAME and closed after its last effect.
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
  PRIMARY KEY (publish_id),
  KEY open_entries (schema_name, state)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row a published table: what it replaced.
CREATE TABLE IF NOT EXISTS pipeline.published_table (
  publish_id      BIGINT UNSIGNED NOT NULL,
  schema_name     VARCHAR(64) NOT NULL,
  table_name      VARCHAR(64) NOT NULL,
  generation      BIGINT UNSIGNED NOT NULL,
  business_date   DATE NOT NULL,
  had_predecessor TINYINT NOT NULL,
  contents        VARCHAR(16) NOT NULL COMMENT 'rebuilt: made whole by each run; accumulated: holds earlier days',
  backup_name     VARCHAR(64) NULL,
  PRIMARY KEY (publish_id, schema_name, table_name),
  KEY by_table (schema_name, table_name, business_date)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Backups: tables that a publish swapped out and kept.
CREATE TABLE IF NOT EXISTS pipeline.backup (
  schema_name   VARCHAR(64) NOT NULL,
  backup_name   VARCHAR(64) NOT NULL,
  table_name    VARCHAR(64) NOT NULL,
  run_id        VARCHAR(64) NOT NULL COMMENT 'the run that swapped it out',
  publish_id    BIGINT UNSIGNED NOT NULL,
  generation    BIGINT UNSIGNED NOT NULL COMMENT 'that it holds',
  business_date DATE NULL COMMENT 'that it holds',
  rows_before   BIGINT UNSIGNED NOT NULL COMMENT 'of the live table before the RENAME',
  rows_after    BIGINT UNSIGNED NOT NULL COMMENT 'of the backup after it',
  created_at    DATETIME(6) NOT NULL,
  dropped_at    DATETIME(6) NULL,
  PRIMARY KEY (schema_name, backup_name),
  KEY by_table (schema_name, table_name, created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Dumps that were loaded, one row a generation of staging; published_at is set when the marker shows it.
CREATE TABLE IF NOT EXISTS pipeline.loaded_dump (
  generation    BIGINT UNSIGNED NOT NULL,
  run_id        VARCHAR(64) NOT NULL,
  business_date DATE NOT NULL,
  object_key    VARCHAR(1024) NOT NULL,
  object_sha256 CHAR(64) NOT NULL,
  object_bytes  BIGINT UNSIGNED NOT NULL,
  owned_tables  LONGTEXT NOT NULL COMMENT 'JSON: [{"table","rows"}]: the tables of staging that are the loader''s',
  override_reason VARCHAR(1024) NULL COMMENT 'allow-gaps, newest-only or rewind, with the reason',
  loaded_at     DATETIME(6) NOT NULL,
  published_at  DATETIME(6) NULL,
  PRIMARY KEY (generation, run_id),
  KEY by_sha (object_sha256)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
