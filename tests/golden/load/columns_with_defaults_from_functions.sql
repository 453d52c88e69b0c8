-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: source
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

DROP TABLE IF EXISTS `defaults`;
CREATE TABLE `defaults` (
  `id` int(11) NOT NULL,
  `a` varchar(40) DEFAULT concat('x','-','y'),
  `b` int(11) DEFAULT (3 + 4),
  `c` varchar(100) DEFAULT (`id` * 2),
  `d` date DEFAULT '2026-02-01',
  `e` text DEFAULT 'a;b',
  `f` blob DEFAULT x'00FF',
  `g` bit(4) DEFAULT b'1010',
  `h` datetime(3) DEFAULT '2026-02-01 00:00:00.123',
  `i` datetime DEFAULT current_timestamp() ON UPDATE current_timestamp(),
  `j` int(11) NOT NULL DEFAULT 0,
  `k` varchar(3) NOT NULL,
  `l` enum('x','y') NOT NULL,
  `m` set('p','q') NOT NULL,
  `n` timestamp NOT NULL,
  `o` json NOT NULL DEFAULT (json_object('a',1)),
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
LOCK TABLES `defaults` WRITE;
INSERT INTO `defaults` VALUES
(1,'a',2,'c','2026-01-01','e','f',b'1','2026-01-01 00:00:00','2026-01-01 00:00:00',1,'k','x','p','2026-01-01 00:00:00','[]');
UNLOCK TABLES;
INSERT INTO `defaults` (`id`,`i`) VALUES (2,'2026-01-02 00:00:00');
INSERT INTO `defaults` (`i`,`id`,`k`) VALUES (NULL,3,'');

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-02-01  5:30:12
