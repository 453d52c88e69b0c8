// The sample source database of a given day: its first state, and the changes of each day after it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/make_source_schema.h"
#include "bench/make_source_table.h"

namespace pipeline::source {

struct SourceOptions {
  int day = 1;          // day 1 is the first state; each later day changes about 1 % of the rows
  double scale = 0.01;  // of the volumes of the real database
  std::uint64_t seed = 1;
  Date date{};  // of `day`; day 1 is day-1 days earlier
};

struct SourceDatabase {
  Table apartments{apartments_definition()};
  Table rooms{rooms_definition()};
  Table nationalities{nationalities_definition()};
  Table tenants{tenants_definition()};
  Table movings{movings_definition()};
  Table inquiries{inquiries_definition()};
  Table payments{payments_definition()};
  Table orders{orders_definition()};
  /// Movings that repeat an unclosed one of the same tenant and room; later days delete some.
  std::vector<std::int64_t> duplicate_movings;
};

/// The database as it stands on `options.day`. Same options, same rows.
SourceDatabase make_source_database(const SourceOptions& options);

/// SQL that drops, makes and fills all tables, parents before children.
std::string source_sql(const SourceDatabase& database);

/// SQL that makes and fills the three tables of `staging` that do not come from a dump. Fails where
/// they exist.
std::string staging_extras_sql(SourceDatabase& database, const SourceOptions& options);

// The steps that make_source_database is made of.

SourceDatabase first_day(const SourceOptions& options, Date today);
/// Turns the database of the day before into that of `today`.
void apply_day(SourceDatabase& database, Random& random, Date today);

/// A new tenant of that status, with the contracts the status implies.
RowView add_tenant(SourceDatabase& database, Random& random, Date created, Date today, int status);
void add_payment(SourceDatabase& database, Random& random, std::size_t moving_index, Date paid_on);
void add_inquiry(SourceDatabase& database, Random& random, Date inquired_on);
std::chrono::seconds office_hour(Random& random);

}  // namespace pipeline::source
