-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: source
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

CREATE /* a */ TABLE -- b ; '
 `t` ( # c ) ;
 `id` int /*!40000 NOT NULL */ /*M!999999 DEFAULT 5 */, /* , */
 `a` int /*!80000 INVISIBLE */ DEFAULT NULL, /*!50700 `never` int, */
 `t` varchar(5) /*!100301 COMPRESSED*/ /*M!100301 COMMENT 'only MariaDB' */,
 PRIMARY KEY (`id`) -- last
) /*!40100 DEFAULT CHARACTER SET utf8mb4 */ /* done */;
INSERT INTO `t` VALUES (1,2,'x');

/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-02-01  5:30:12
