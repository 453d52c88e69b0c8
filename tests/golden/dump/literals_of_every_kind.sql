CREATE TABLE t (a int, b text);
insert into t values
 (1,'plain'), (-2 , 'it''s' ),(+3.5e-7,"double ""quoted"" \' text"),
(.5,'ends in backslash \\'),(0x4a,X'4A4b'),(0b101,b'1'),(null,''),
(NULL,'-- no comment /* here */ # neither; ('),(4.,_binary'x'),(5,_BINARY  'y'),
(6,'
raw newline, raw	tab, 東京');
INSERT IGNORE INTO t VALUES (7,'ignored');
REPLACE INTO t (b,a) VALUES ('columns turned',8);
REPLACE INTO `t` (`b`,`a`) VALUES ('goes on',9);
-- Dump completed
