/*!40101 SET NAMES cp932 */;
CREATE TABLE `t` (`a` text);
INSERT INTO `t` VALUES ('x');
-- Dump completed on 2026-02-01
