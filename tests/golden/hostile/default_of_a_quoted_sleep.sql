/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE `t` (`id` int NOT NULL, `v` varchar(40) DEFAULT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO `t` VALUES (1,'a');
CREATE TABLE `h` (`id` int DEFAULT (`sleep`(5)));
INSERT INTO `h` VALUES (1);
-- Dump completed on 2026-02-01  5:30:12
