CREATE TABLE t (a int, b text);
/*!40101 SET sql_mode='