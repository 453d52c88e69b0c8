DROP DATABASE silver;
-- Dump completed on 2026-02-01  5:30:12
