-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: source
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

DROP TABLE IF EXISTS `escapes`;
CREATE TABLE `escapes` (
  `id` int(11) NOT NULL,
  `t` varchar(200) DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `escapes` WRITE;
INSERT INTO `escapes` VALUES
(1,'it''s'),
(2,'it\'s'),
(3,''''),
(4,'\''),
(5,'a\0b'),
(6,'\b'),
(7,'\n'),
(8,'\r'),
(9,'\t'),
(10,'\Z'),
(11,'\\'),
(12,'\%'),
(13,'\_'),
(14,'\q\e\x\1\ \-\;'),
(15,'\"'),
(16,'\`'),
(17,'\N'),
(18,'N'),
(19,'\\N'),
(20,'\\\\n'),
(21,'a\
b'),
(22,'a\	b'),
(23,'\\\''),
(24,'	
'),
(25,'ends with a backslash\\'),
(26,'\\0'),
(27,'\0'),
(28,'%_\%\_');
UNLOCK TABLES;

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-02-01  5:30:12
