CREATE TABLE gold.t (a int);
