SET NAMES utf8mb4; SET time_zone='+00:00', sql_mode='NO_AUTO_VALUE_ON_ZERO';
CREATE TABLE t (a int);
INSERT INTO t VALUES (1);
SET @saved = @@sql_mode; SET @@session.sql_mode = 'STRICT_ALL_TABLES';
INSERT INTO t VALUES (2);
SET sql_mode = @saved;
INSERT INTO t VALUES (3);
-- Dump completed
