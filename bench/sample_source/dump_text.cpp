// The dump of the sample source: what mariadb-dump writes, without a server.
//
// Why the same bytes
// ------------------
// Large dumps are made without a server, so the text must be the one that a server's client would
// have written: a test loads a small source, dumps it with mariadb-dump and compares the bytes.
// What is easily overlooked: tables stand in the order of their bytes, upper case first; values of
// timestamps are in UTC; a row starts a new INSERT when the line would reach net_buffer_length;
// computed columns have values too; AUTO_INCREMENT follows the last row that is there, not the last
// one that was.
#include "bench/sample_source/sql_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "bench/sample_source/row_text.h"
#include "common/base/clock.h"

namespace pipeline::source {
namespace {

constexpr std::size_t net_buffer_length = 1'046'528;

constexpr std::string_view header =
    "/*M!999999\\- enable the sandbox mode */ \n"
    "-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)\n"
    "--\n"
    "-- Host: localhost    Database: source\n"
    "-- ------------------------------------------------------\n"
    "-- Server version\t10.11.19-MariaDB-0+deb12u1\n"
    "\n"
    "/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;\n"
    "/*!40101 SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS */;\n"
    "/*!40101 SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */;\n"
    "/*!40101 SET NAMES utf8mb4 */;\n"
    "/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;\n"
    "/*!40103 SET TIME_ZONE='+00:00' */;\n"
    "/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;\n"
    "/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;\n"
    "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n"
    "/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;\n";

constexpr std::string_view trailer =
    "/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;\n"
    "\n"
    "/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;\n"
    "/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;\n"
    "/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;\n"
    "/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;\n"
    "/*!40101 SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS */;\n"
    "/*!40101 SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;\n"
    "/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;\n"
    "\n";

/// The extended INSERTs of one table.
class DumpedRows {
 public:
  DumpedRows(const TableSpec& table, const RowText& rows, const Sink& sink)
      : rows_(rows), sink_(sink), head_(fmt::format("INSERT INTO `{}` VALUES\n", table.name)) {}

  void add(const Row& row, const ToldCells& cells) {
    // The client counts the comma and the line break, and for the head four bytes of its own.
    text_.clear();
    rows_.append(row, cells, text_);
    const std::size_t row_length = text_.size() + 2;
    if (line_length_ != 0 && line_length_ + row_length < net_buffer_length) {
      line_length_ += row_length;
      sink_(",\n");
    } else {
      if (line_length_ != 0) sink_(";\n");
      line_length_ = row_length + head_.size() + 4;
      sink_(head_);
    }
    sink_(text_);
  }

  void finish() {
    if (line_length_ != 0) sink_(";\n");
  }

 private:
  const RowText& rows_;
  const Sink& sink_;
  std::string head_;
  std::string text_;
  std::size_t line_length_ = 0;  // 0: no INSERT has begun
};

bool has_auto_increment(const TableSpec& table) {
  return std::any_of(table.columns.begin(), table.columns.end(), [](const Column& column) {
    return std::holds_alternative<RowId>(column.content);
  });
}

void dump_table(const Source& source, const TableSpec& table, const Sink& sink) {
  const Id last = has_auto_increment(table) ? source.last_row(table) : 0;
  sink(
      fmt::format("\n--\n-- Table structure for table `{0}`\n--\n\n"
                  "DROP TABLE IF EXISTS `{0}`;\n"
                  "/*!40101 SET @saved_cs_client     = @@character_set_client */;\n"
                  "/*!40101 SET character_set_client = utf8mb4 */;\n"
                  "{1};\n"
                  "/*!40101 SET character_set_client = @saved_cs_client */;\n"
                  "\n--\n-- Dumping data for table `{0}`\n--\n\n"
                  "LOCK TABLES `{0}` WRITE;\n"
                  "/*!40000 ALTER TABLE `{0}` DISABLE KEYS */;\n",
                  table.name, create_table(table, Spelling::mariadb, last == 0 ? 0 : last + 1)));
  const RowText rows(source, table, TextFor::dump);
  DumpedRows dumped(table, rows, sink);
  source.for_each_row(table,
                      [&](const Row& row, const ToldCells& cells) { dumped.add(row, cells); });
  dumped.finish();
  sink(fmt::format("/*!40000 ALTER TABLE `{}` ENABLE KEYS */;\nUNLOCK TABLES;\n", table.name));
}

}  // namespace

void write_dump(const Source& source, const std::vector<const TableSpec*>& tables,
                const Sink& sink) {
  std::vector<const TableSpec*> sorted = tables;
  std::sort(sorted.begin(), sorted.end(),
            [](const TableSpec* a, const TableSpec* z) { return a->name < z->name; });
  sink(header);
  for (const TableSpec* table : sorted) dump_table(source, *table, sink);
  sink(trailer);
  sink(
      fmt::format("-- Dump completed on {}  5:30:00\n", BusinessDate(source.options().date).iso()));
}

}  // namespace pipeline::source
