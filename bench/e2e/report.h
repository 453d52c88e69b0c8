// Figures as tables, each section of bench/RESULTS.md with its machine, commit and command.
#pragma once

#include <string>
#include <vector>

#include "bench/e2e/measure.h"

namespace pipeline::bench {

/// All runs of one technique, in the order in which they ran.
struct Series {
  std::string name;
  std::vector<Cost> runs;
};

/// A table with medians, the spread of the wall time, and each series' speed against the first.
std::string table_of(const std::vector<Series>& all);

/// "AMD EPYC, 2 cores, 23 GiB, Linux 6.1, MariaDB 10.11.19; commit 1234abc, 2026-02-01".
std::string circumstances(const std::string& server_version);

/// Replaces the section `title` of bench/RESULTS.md, or adds it at the end.
void write_section(const std::string& title, const std::string& text);

}  // namespace pipeline::bench
