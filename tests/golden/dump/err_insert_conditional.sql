CREATE TABLE t (a int, b text);
INSERT /*!50000 IGNORE */ INTO t VALUES (1,'x');
