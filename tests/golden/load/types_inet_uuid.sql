-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: source
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

DROP TABLE IF EXISTS `addresses`;
CREATE TABLE `addresses` (
  `id` int(11) NOT NULL,
  `i4` inet4 DEFAULT NULL,
  `i6` inet6 DEFAULT NULL,
  `u` uuid DEFAULT NULL,
  `un` uuid NOT NULL DEFAULT '123e4567-e89b-12d3-a456-426655440000',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `addresses` WRITE;
INSERT INTO `addresses` VALUES
(1,'0.0.0.0','::','00000000-0000-0000-0000-000000000000','00000000-0000-0000-0000-000000000001'),
(2,'255.255.255.255','ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff','ffffffff-ffff-ffff-ffff-ffffffffffff','123e4567-e89b-12d3-a456-426655440001'),
(3,NULL,NULL,NULL,'123E4567E89B12D3A456426655440002'),
(4,'192.168.0.1','::ffff:192.0.2.1','123e4567e89b12d3a456426655440000','123e4567-e89b-12d3-a456-426655440003');
UNLOCK TABLES;
INSERT INTO `addresses` (`id`) VALUES (5);

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-02-01  5:30:12
