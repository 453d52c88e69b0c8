// A table that is changed in place has no version before it to go back to. What keeps a day from
// being applied twice is a row in the same transaction: after a death, or a lost answer to the
// COMMIT, the row is there if and only if the increment is.
#include "stages/publish/applied_batch.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

std::string of_table(const TableName& table) {
  return fmt::format("schema_name = {} AND table_name = {}", quote_text(table.schema),
                     quote_text(table.table));
}

}  // namespace

bool AppliedBatch::is_same_as(const AppliedBatch& other) const {
  return table == other.table && date == other.date && input_generation == other.input_generation &&
         hash == other.hash;
}

std::uint64_t last_publish_of(Connection& connection, const TableName& table) {
  return to_number(connection.query_value(fmt::format(
      "SELECT MAX(publish_id) FROM pipeline.published_table WHERE {}", of_table(table))));
}

std::optional<AppliedBatch> last_batch(Connection& connection, const TableName& table) {
  const auto found = connection.query(
      fmt::format("SELECT business_date, input_generation, batch_hash, run_id, after_publish_id "
                  "FROM pipeline.applied_batch WHERE {} ORDER BY batch_id DESC LIMIT 1",
                  of_table(table)));
  if (found.rows.empty()) return {};
  const Row& row = found.rows.front();
  const auto date = BusinessDate::parse(row[0].value_or(""));
  if (!date) throw Error(ErrorKind::internal, "the ledger of batches holds an impossible date");
  return AppliedBatch{.table = table,
                      .date = *date,
                      .input_generation = to_number(row[1]),
                      .hash = row[2].value_or(""),
                      .run_id = row[3].value_or(""),
                      .after_publish = to_number(row[4])};
}

std::optional<AppliedBatch> open_batch(Connection& connection, const TableName& table) {
  auto batch = last_batch(connection, table);
  if (batch && batch->after_publish != last_publish_of(connection, table)) batch.reset();
  return batch;
}

bool is_remade_since_batch(Connection& connection, const TableName& table) {
  // The server shows the time of the table's file, which a rename renews.
  const auto remade = connection.query_value(fmt::format(
      "SELECT MAX(CREATE_TIME) > (SELECT CONVERT_TZ(MAX(applied_at), '+00:00', "
      "@@session.time_zone) FROM pipeline.applied_batch WHERE {}) FROM information_schema.TABLES "
      "WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
      of_table(table), quote_text(table.schema), quote_text(table.table)));
  return remade == "1";
}

void note_batch(Connection& session, const AppliedBatch& batch) {
  session.execute(fmt::format(
      "INSERT INTO pipeline.applied_batch (schema_name, table_name, business_date, "
      "input_generation, batch_hash, run_id, after_publish_id, applied_at) VALUES ({}, {}, {}, {}, "
      "{}, {}, {}, CONVERT_TZ(SYSDATE(6), @@session.time_zone, '+00:00'))",
      quote_text(batch.table.schema), quote_text(batch.table.table), date_literal(batch.date),
      batch.input_generation, quote_text(batch.hash), quote_text(batch.run_id),
      batch.after_publish));
}

}  // namespace pipeline::publish
