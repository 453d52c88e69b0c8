-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: source
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

DROP TABLE IF EXISTS `texts`;
CREATE TABLE `texts` (
  `id` int(11) NOT NULL,
  `t` varchar(200) DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `texts` WRITE;
INSERT INTO `texts` VALUES
(1,'; DROP TABLE x; --'),
(2,'-- Dump completed on 2026-02-01'),
(3,'
-- Dump completed on 2026-02-01  5:30:12
'),
(4,'/*! DROP TABLE x */'),
(5,'*/'),
(6,'/*'),
(7,'# not a comment
'),
(8,'),(7,8),('),
(9,'INSERT INTO `t` VALUES (1);'),
(10,'DELIMITER ;;'),
(11,'
DELIMITER ;;
'),
(12,'\\\'); --'),
(13,'NULL'),
(14,'DEFAULT'),
(15,'0x41'),
(16,'b\'1\''),
(17,'\
-- x');
UNLOCK TABLES;

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-02-01  5:30:12
