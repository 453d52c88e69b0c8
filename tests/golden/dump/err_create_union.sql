CREATE TABLE t (a int) ENGINE=MRG_MyISAM UNION=(gold.hist);
