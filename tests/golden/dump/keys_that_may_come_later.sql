CREATE TABLE later (
  `id` int NOT NULL AUTO_INCREMENT,
  `a` int,
  `b` varchar(20),
  `c` int,
  PRIMARY KEY (`id`),
  UNIQUE KEY `u` (`a`,`b`(4)) USING BTREE COMMENT 'it''s, (one)',
  CONSTRAINT x UNIQUE (`b`),
  KEY `k` (`a` DESC) KEY_BLOCK_SIZE=4,
  CONSTRAINT `fk` FOREIGN KEY (`a`) REFERENCES `o` (`id`),
  KEY `l` (`b`) IGNORED,
  FULLTEXT KEY `f` (`b`),
  CONSTRAINT `positive` CHECK (`a` > 0),
  KEY `m` (`a`,`b`)
) ENGINE=InnoDB;
CREATE TABLE counted_elsewhere (
  `id` int NOT NULL,
  `n` int NOT NULL AUTO_INCREMENT,
  PRIMARY KEY (`id`),
  KEY `n` (`n`)
) ENGINE=InnoDB;
CREATE TABLE no_primary_key (`a` int NOT NULL, UNIQUE KEY `a` (`a`), KEY `b` (`a`)) ENGINE=InnoDB;
CREATE TABLE with_a_key_of_a_column (`id` int PRIMARY KEY, `a` int UNIQUE, `b` int, KEY `b` (`b`)) ENGINE=InnoDB;
CREATE TABLE without_a_name (`id` int PRIMARY KEY, `a` int, KEY (`a`)) ENGINE=InnoDB;
CREATE TABLE of_places (`id` int PRIMARY KEY, `p` point NOT NULL, KEY `k` (`id`), SPATIAL KEY `s` (`p`)) ENGINE=InnoDB;
CREATE TABLE more_than_a_key (`id` int PRIMARY KEY, `a` int, KEY `k` (`a`) PARTITION BY HASH(`id`) PARTITIONS 3) ENGINE=InnoDB;
CREATE TABLE if_not_there (`id` int PRIMARY KEY, `a` int, KEY IF NOT EXISTS `k` (`a`)) ENGINE=InnoDB;
CREATE TABLE of_the_full_text (
  `FTS_DOC_ID` bigint unsigned NOT NULL,
  `t` text,
  PRIMARY KEY (`FTS_DOC_ID`),
  UNIQUE KEY `fts_doc_id_index` (`FTS_DOC_ID`),
  FULLTEXT KEY `t` (`t`)
) ENGINE=InnoDB;
-- Dump completed
