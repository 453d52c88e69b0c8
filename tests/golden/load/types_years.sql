-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: source
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

DROP TABLE IF EXISTS `years`;
CREATE TABLE `years` (
  `id` int(11) NOT NULL,
  `y` year(4) DEFAULT NULL,
  `z` year(4) NOT NULL DEFAULT 2001,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `years` WRITE;
INSERT INTO `years` VALUES
(1,1901,2155),
(2,0000,0),
(3,'0000','0'),
(4,'00','1'),
(5,00,1),
(6,69,70),
(7,'69','70'),
(8,NULL,99),
(9,0x7EA,b'11111101010'),
(10,2026.4,2.026e3),
(12,100,1900),
(13,-1,2156),
(14,0.0,000);
UNLOCK TABLES;
INSERT INTO `years` (`id`) VALUES (15);

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-02-01  5:30:12
