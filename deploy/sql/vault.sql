-- The list of the vault's batches. Apply it as an administrator, before or after grants.sql; then the
-- command `vault init` of a transformer makes a table for each protected table.
-- docs/formats/vault.md explains every column.
--
-- The pipeline's account holds SELECT and INSERT here and nothing else. So there is no
-- AUTO_INCREMENT (one row with the highest number would block every later one), no foreign key (a
-- cascade would delete without a right), no trigger, no partition.

CREATE DATABASE IF NOT EXISTS `vault` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

-- One row a batch: what one transaction wrote into the vault table of one table.
CREATE TABLE IF NOT EXISTS vault.batch (
  schema_name    VARCHAR(64) NOT NULL,
  table_name     VARCHAR(64) NOT NULL,
  batch          BIGINT UNSIGNED NOT NULL COMMENT 'counts from 1 within the table; numbers may be left out',
  kind           VARCHAR(16) NOT NULL COMMENT 'publish: written before a publish; found: live was not what the vault knew',
  base_batch     BIGINT UNSIGNED NOT NULL COMMENT 'the batch that it continues; 0: from nothing',
  generation     BIGINT UNSIGNED NOT NULL,
  run_id         VARCHAR(64) NOT NULL,
  business_date  DATE NULL,
  upstream_generation BIGINT UNSIGNED NOT NULL,
  source_object  VARCHAR(1024) NOT NULL COMMENT 'the dump behind it',
  row_count      BIGINT UNSIGNED NOT NULL COMMENT 'rows of the batch',
  state_rows     BIGINT UNSIGNED NOT NULL COMMENT 'rows of the table after it',
  checksum       VARCHAR(80) NOT NULL COMMENT 'over its rows',
  table_columns  LONGTEXT NOT NULL COMMENT 'JSON: the columns of the table then',
  written_at     VARCHAR(32) NOT NULL COMMENT 'UTC',
  previous_hash  CHAR(64) NOT NULL COMMENT 'of the batch before it in this list',
  PRIMARY KEY (schema_name, table_name, batch)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The batches that count: the marker showed their generation.
CREATE TABLE IF NOT EXISTS vault.published (
  schema_name    VARCHAR(64) NOT NULL,
  table_name     VARCHAR(64) NOT NULL,
  batch          BIGINT UNSIGNED NOT NULL,
  batch_hash     CHAR(64) NOT NULL COMMENT 'SHA-256 of the batch''s row',
  noted_at       DATETIME(6) NOT NULL COMMENT 'UTC',
  PRIMARY KEY (schema_name, table_name, batch)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
