CREATE TABLE t LIKE gold.hist;
