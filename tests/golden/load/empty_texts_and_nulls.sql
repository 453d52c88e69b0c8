-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: source
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

DROP TABLE IF EXISTS `e`;
CREATE TABLE `e` (
  `id` int(11) NOT NULL,
  `i` int(11) DEFAULT NULL,
  `d` decimal(5,2) DEFAULT NULL,
  `f` double DEFAULT NULL,
  `v` varchar(5) DEFAULT NULL,
  `b` varbinary(5) DEFAULT NULL,
  `t` text DEFAULT NULL,
  `bl` blob DEFAULT NULL,
  `e` enum('a','') DEFAULT NULL,
  `s` set('a','b') DEFAULT NULL,
  `bi` bit(8) DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `e` WRITE;
INSERT INTO `e` VALUES
(1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(2,0,0,0,'','','','','','',''),
(3,0,0,0,'\N','\N','\N','\N','','','\0');
UNLOCK TABLES;
DROP TABLE IF EXISTS `one_text`;
CREATE TABLE `one_text` (
  `t` text DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `one_text` WRITE;
INSERT INTO `one_text` VALUES
(''),
(NULL),
('x'),
(''),
(NULL),
('NULL');
UNLOCK TABLES;
DROP TABLE IF EXISTS `one_number`;
CREATE TABLE `one_number` (
  `n` int(11) DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `one_number` WRITE;
INSERT INTO `one_number` VALUES
(NULL),
(1),
(NULL);
UNLOCK TABLES;

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-02-01  5:30:12
