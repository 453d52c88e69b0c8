# a hash comment; with 'quotes
-- a dash comment; with 'quotes
--
/* a block; 'comment */;;
SET /* inside; */ NAMES -- to the end; of line
 latin1;
/*M!100400 SET time_zone = '+09:00' */;
CREATE TABLE t (a int /* key; */, -- note;
  b int default 5--1
);
INSERT INTO t VALUES (1,2);
-- Dump completed on 2026-02-01 5:30:00
