-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: source
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

DROP TABLE IF EXISTS `literals`;
CREATE TABLE `literals` (
  `id` int(11) NOT NULL,
  `t` varchar(100) DEFAULT NULL,
  `b` varbinary(100) DEFAULT NULL,
  `e` enum('a','b') DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `literals` WRITE;
INSERT INTO `literals` VALUES
(1,0x414243,0x414243,0x61),
(2,x'414243',X'00FF',x'62'),
(3,b'0100000101000010',B'1',b'01100001'),
(4,0b0100000101000010,0b1,'a'),
(5,0x4,0xABC,NULL),
(6,0xE69DB1,_binary 'x',NULL),
(7,_binary 'abc',_binary'def',_binary
'b'),
(8,x'',b'','b'),
(9,_BINARY 'x',0xff,0x62);
UNLOCK TABLES;

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-02-01  5:30:12
