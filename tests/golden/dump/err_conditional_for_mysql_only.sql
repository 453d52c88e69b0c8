/*!80016 SET GLOBAL general_log=1 */;
