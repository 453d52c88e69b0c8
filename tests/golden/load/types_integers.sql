-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: source
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

DROP TABLE IF EXISTS `integers`;
CREATE TABLE `integers` (
  `id` int(11) NOT NULL,
  `tinyint_s` tinyint(11) DEFAULT NULL,
  `tinyint_u` tinyint(11) unsigned NOT NULL DEFAULT 7,
  `tinyint_z` tinyint(11) unsigned zerofill DEFAULT 00000000042,
  `smallint_s` smallint(11) DEFAULT NULL,
  `smallint_u` smallint(11) unsigned NOT NULL DEFAULT 7,
  `smallint_z` smallint(11) unsigned zerofill DEFAULT 00000000042,
  `mediumint_s` mediumint(11) DEFAULT NULL,
  `mediumint_u` mediumint(11) unsigned NOT NULL DEFAULT 7,
  `mediumint_z` mediumint(11) unsigned zerofill DEFAULT 00000000042,
  `int_s` int(11) DEFAULT NULL,
  `int_u` int(11) unsigned NOT NULL DEFAULT 7,
  `int_z` int(11) unsigned zerofill DEFAULT 00000000042,
  `bigint_s` bigint(11) DEFAULT NULL,
  `bigint_u` bigint(11) unsigned NOT NULL DEFAULT 7,
  `bigint_z` bigint(11) unsigned zerofill DEFAULT 00000000042,
  `flag` tinyint(1) NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `integers` WRITE;
INSERT INTO `integers` VALUES
(1,-128,0,00000000000,-32768,0,00000000000,-8388608,0,00000000000,-2147483648,0,00000000000,-9223372036854775808,0,00000000000,0),
(2,127,255,255,32767,65535,65535,8388607,16777215,16777215,2147483647,4294967295,4294967295,9223372036854775807,18446744073709551615,18446744073709551615,1),
(3,NULL,7,NULL,NULL,7,NULL,NULL,7,NULL,NULL,7,NULL,NULL,7,NULL,0),
(4,0,0,00000000001,0,0,00000000001,0,0,00000000001,0,0,00000000001,0,0,00000000001,1),
(5,'-7','9','00000000042','-7','9','00000000042','-7','9','00000000042','-7','9','00000000042','-7','9','00000000042','1');
UNLOCK TABLES;
INSERT INTO `integers` (`id`) VALUES (6);
INSERT INTO `integers` (`id`,`int_s`,`bigint_u`) VALUES (7,+5,0x10),(8,-0,b'101'),(9,1.5,2.4999),(10,-1.5,0b11),(11,0x7fffffff,18446744073709551615);

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-02-01  5:30:12
