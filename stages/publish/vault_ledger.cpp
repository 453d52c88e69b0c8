// Three things make the list say which state a table had, whatever went wrong meanwhile.
//
// A batch names the batch whose state it continues. A publish that was refused leaves a batch that
// nobody continues, so a reader who follows the names backwards never meets it; neither does he
// meet rows that stand in the vault's tables under numbers that are not in the list.
//
// A batch counts once `published` holds it, and `published` is written when the marker shows its
// generation: before the publish nobody knows yet, and behind it the process may be dead.
//
// Each batch names the hash of the one before it. Nobody but the administrator can change or delete
// a row here; if one is changed, taken out or slipped in, the next one's hash no longer fits.
#include "stages/publish/vault_ledger.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

const std::string genesis_hash(64, '0');

std::string_view word_of(VaultBatch::Kind kind) {
  return kind == VaultBatch::Kind::found ? "found" : "publish";
}

VaultBatch::Kind kind_of(std::string_view word) {
  if (word == "publish") return VaultBatch::Kind::publish;
  if (word == "found") return VaultBatch::Kind::found;
  throw Error(ErrorKind::guard_refused,
              fmt::format("the vault's list holds a batch of kind {}", word));
}

std::string where_table(const TableName& live) {
  return fmt::format("schema_name = {} AND table_name = {}", quote_text(live.schema),
                     quote_text(live.table));
}

[[noreturn]] void refuse(const TableName& live, std::uint64_t number, std::string_view what) {
  throw Error(ErrorKind::guard_refused,
              fmt::format("batch {} of {} in the vault's list {}; nobody but an administrator can "
                          "have done that, and nothing is written or restored until it is cleared "
                          "up",
                          number, live.text(), what));
}

constexpr std::string_view batch_columns =
    "batch, kind, base_batch, generation, run_id, business_date, upstream_generation, "
    "source_object, row_count, state_rows, checksum, table_columns, written_at, previous_hash";

VaultBatch batch_of(const Row& row) {
  const auto text = [&](std::size_t i) { return row[i].value_or(""); };
  return {.number = to_number(row[0]),
          .kind = kind_of(text(1)),
          .base = to_number(row[2]),
          .generation = to_number(row[3]),
          .run_id = text(4),
          .business_date = BusinessDate::parse(text(5)),
          .upstream_generation = to_number(row[6]),
          .source_object = text(7),
          .rows = to_number(row[8]),
          .state_rows = to_number(row[9]),
          .checksum = text(10),
          .columns_text = text(11),
          .written_at = text(12),
          .previous_hash = text(13)};
}

/// The first batch that counts for each generation, in the order of the list.
std::vector<const VaultBatch*> generations_of(const std::vector<VaultBatch>& batches) {
  std::vector<const VaultBatch*> first;
  for (const auto& batch : batches) {
    if (batch.published == VaultBatch::Published::no) continue;
    const bool seen = std::ranges::any_of(
        first, [&](const VaultBatch* other) { return other->generation == batch.generation; });
    if (!seen) first.push_back(&batch);
  }
  return first;
}

}  // namespace

std::string columns_json(const std::vector<TableColumn>& columns) {
  Json list = Json::array();
  for (const auto& column : columns) {
    Json item = Json::object();
    item.set("name", column.name);
    item.set("data_type", column.data_type);
    item.set("column_type", column.column_type);
    item.set("charset", column.charset);
    item.set("collation", column.collation);
    item.set("nullable", column.nullable == TableColumn::Nullable::yes);
    list.push_back(std::move(item));
  }
  return list.dump();
}

std::vector<TableColumn> VaultBatch::columns() const {
  std::vector<TableColumn> columns;
  const Json list = Json::parse(columns_text);
  for (const auto& item : list.as_array()) {
    columns.push_back({.name = item.at("name").as_string(),
                       .data_type = item.at("data_type").as_string(),
                       .column_type = item.at("column_type").as_string(),
                       .charset = item.at("charset").as_string(),
                       .collation = item.at("collation").as_string(),
                       .nullable = item.at("nullable").as_bool() ? TableColumn::Nullable::yes
                                                                 : TableColumn::Nullable::no});
  }
  return columns;
}

std::string VaultBatch::hash() const {
  std::string text;
  const auto add = [&](std::string_view part) {
    text += fmt::format("{}:{}\n", part.size(), part);
  };
  for (const auto value : {number, base, generation, upstream_generation, rows, state_rows}) {
    add(std::to_string(value));
  }
  add(word_of(kind));
  add(run_id);
  add(business_date ? business_date->iso() : "");
  add(source_object);
  add(checksum);
  add(columns_text);
  add(written_at);
  add(previous_hash);
  return sha256_hex(text);
}

VaultLedger::VaultLedger(TableName live, std::vector<VaultBatch> batches)
    : live_(std::move(live)), batches_(std::move(batches)) {
  head_hash_ = genesis_hash;
  for (const auto& batch : batches_) {
    if (batch.previous_hash != head_hash_) {
      refuse(live_, batch.number, "does not follow on the one before it");
    }
    if (batch.base >= batch.number) refuse(live_, batch.number, "continues a later one");
    head_hash_ = batch.hash();
    hashes_.push_back(head_hash_);
  }
}

VaultLedger VaultLedger::read(Connection& session, const std::string& vault_schema,
                              const TableName& live) {
  std::vector<VaultBatch> batches;
  for (const auto& row :
       session
           .query(fmt::format("SELECT {} FROM {} WHERE {} ORDER BY batch", batch_columns,
                              quote_name(vault_schema, "batch"), where_table(live)))
           .rows) {
    batches.push_back(batch_of(row));
  }
  VaultLedger ledger(live, std::move(batches));
  const auto published =
      session.query(fmt::format("SELECT batch, batch_hash FROM {} WHERE {}",
                                quote_name(vault_schema, "published"), where_table(live)));
  for (const auto& row : published.rows) {
    const std::uint64_t number = to_number(row[0]);
    const auto found = std::ranges::lower_bound(ledger.batches_, number, {}, &VaultBatch::number);
    const auto place = static_cast<std::size_t>(found - ledger.batches_.begin());
    if (found == ledger.batches_.end() || found->number != number ||
        ledger.hashes_[place] != row[1]) {
      refuse(live, number, "is not the one that was published");
    }
    found->published = VaultBatch::Published::yes;
  }
  return ledger;
}

const VaultBatch& VaultLedger::at(std::uint64_t number) const {
  const auto found = std::ranges::lower_bound(batches_, number, {}, &VaultBatch::number);
  if (found == batches_.end() || found->number != number) {
    refuse(live_, number, "is missing, although another one continues it");
  }
  return *found;
}

const VaultBatch* VaultLedger::last_published() const {
  for (auto batch = batches_.rbegin(); batch != batches_.rend(); ++batch) {
    if (batch->published == VaultBatch::Published::yes) return &*batch;
  }
  return nullptr;
}

std::vector<std::uint64_t> VaultLedger::chain(std::uint64_t number) const {
  std::vector<std::uint64_t> numbers;
  for (; number != 0; number = at(number).base) numbers.push_back(number);
  std::ranges::reverse(numbers);
  return numbers;
}

std::vector<const VaultBatch*> VaultLedger::open() const {
  const VaultBatch* last = last_published();
  std::vector<const VaultBatch*> open;
  for (const auto& batch : batches_) {
    if (last == nullptr || batch.number > last->number) open.push_back(&batch);
  }
  return open;
}

std::uint64_t VaultLedger::highest_number() const {
  return batches_.empty() ? 0 : batches_.back().number;
}

const VaultBatch* VaultLedger::of_generation(std::uint64_t generation) const {
  for (const VaultBatch* batch : generations_of(batches_)) {
    if (batch->generation == generation) return batch;
  }
  return nullptr;
}

const VaultBatch* VaultLedger::of_run(std::string_view run_id) const {
  const VaultBatch* last = nullptr;
  for (const VaultBatch* batch : generations_of(batches_)) {
    if (batch->run_id == run_id) last = batch;
  }
  return last;
}

const VaultBatch* VaultLedger::of_date(BusinessDate date) const {
  const VaultBatch* best = nullptr;
  for (const VaultBatch* batch : generations_of(batches_)) {
    if (!batch->business_date || *batch->business_date > date) continue;
    if (best == nullptr || *batch->business_date >= *best->business_date) best = batch;
  }
  return best;
}

void insert_batch(Connection& session, const std::string& vault_schema, const TableName& live,
                  const VaultBatch& batch) {
  session.execute(fmt::format(
      "INSERT INTO {} (schema_name, table_name, {}) VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, "
      "{}, {}, {}, {}, {}, {}, {})",
      quote_name(vault_schema, "batch"), batch_columns, quote_text(live.schema),
      quote_text(live.table), batch.number, quote_text(word_of(batch.kind)), batch.base,
      batch.generation, quote_text(batch.run_id), date_literal(batch.business_date),
      batch.upstream_generation, quote_text(batch.source_object), batch.rows, batch.state_rows,
      quote_text(batch.checksum), quote_text(batch.columns_text), quote_text(batch.written_at),
      quote_text(batch.previous_hash)));
}

void insert_published(Connection& session, const std::string& vault_schema, const TableName& live,
                      const VaultBatch& batch) {
  session.execute(fmt::format(
      "INSERT INTO {} (schema_name, table_name, batch, batch_hash, noted_at) VALUES ({}, {}, {}, "
      "{}, UTC_TIMESTAMP(6))",
      quote_name(vault_schema, "published"), quote_text(live.schema), quote_text(live.table),
      batch.number, quote_text(batch.hash())));
}

}  // namespace pipeline::publish
