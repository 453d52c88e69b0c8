// The bundled project run by the real programs over dumps of a source database, beside its figures
// as SQL of its own computes them from that source.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tests/integration/bundled_warehouse.h"

namespace pipeline::bundled {

/// A table of the warehouse that gold_figures/<name>.sql computes a second time.
struct Figure {
  const char* schema;
  const char* name;
  std::vector<std::string> key;  // names one row
  std::string table() const { return std::string(schema) + "." + name; }
};

/// All of them, each behind those that its SQL reads.
std::span<const Figure> figures();

/// What is not equal, a line each: columns that one side lacks, keys that stand twice, rows of one
/// side only, values. Empty if both have the same rows, byte for byte and NULL for NULL. At most
/// `lines_max` rows are named, and then how many more differ.
std::vector<std::string> differences(const ResultTable& published, const ResultTable& computed,
                                     const std::vector<std::string>& key,
                                     std::size_t lines_max = 5);

/// Three days of a source with awkward rows in it. `source` is that of the last day, loaded by the
/// mariadb client; staging comes from mariadb-dump's text of it by the staging_loader.
class FiguresHouse {
 public:
  static constexpr int days = 3;
  static std::string date_of(int day);

  FiguresHouse();

  /// The source of that day, its dump, the three programs, and the figures of the source. Adds
  /// failures to the running test if a program fails.
  void run_day(int day);
  /// The figures once more, from the source as it is now.
  void compute(int day);
  std::vector<std::string> compare(const Figure& figure);

  Warehouse& warehouse() { return warehouse_; }

 private:
  void make_source(int day);
  void client(const std::string& sql);

  Warehouse warehouse_;
};

}  // namespace pipeline::bundled
