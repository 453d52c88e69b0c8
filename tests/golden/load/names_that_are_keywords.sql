-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: source
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

DROP TABLE IF EXISTS `key`;
CREATE TABLE `key` (
  `primary` int(11) NOT NULL,
  `key` int(11) DEFAULT NULL,
  `unique` int(11) DEFAULT NULL,
  `index` int(11) DEFAULT NULL,
  `constraint` int(11) DEFAULT NULL,
  `check` int(11) DEFAULT NULL,
  `foreign` int(11) DEFAULT NULL,
  `period` int(11) DEFAULT NULL,
  `fulltext` int(11) DEFAULT NULL,
  `spatial` int(11) DEFAULT NULL,
  `set` int(11) DEFAULT NULL,
  `as` int(11) DEFAULT NULL,
  `charset` varchar(5) DEFAULT NULL,
  `comment` int(11) DEFAULT NULL,
  `references` int(11) DEFAULT NULL,
  `values` int(11) DEFAULT NULL,
  PRIMARY KEY (`primary`),
  UNIQUE KEY `unique` (`unique`),
  KEY `index` (`index`),
  KEY `using` (`key`) USING BTREE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `key` WRITE;
INSERT INTO `key` VALUES
(1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16);
UNLOCK TABLES;

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-02-01  5:30:12
