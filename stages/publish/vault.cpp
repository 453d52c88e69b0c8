// Why the changes are counted from the vault's own state, and not from what is live.
//
// A batch that holds "what the publish changes in live" gives the right state only if live was what
// the vault believes. A restore, a person with a client, a batch whose publish was noted late: each
// makes the two differ, and from then on every state read from the vault would be wrong. So the
// state that the published batches give is the one side of the comparison, the candidate the other:
// whatever happened to live, the state after the batch is the candidate, exactly.
//
// What happened to live meanwhile is not lost either: at every start live is compared with that
// state, and what differs becomes a batch of its own kind, found, which counts at once.
//
// The state after a batch needs no second copy of the table: of each key the row of the last batch
// that the state is made of, unless that row says that the key was deleted.
#include "stages/publish/vault.h"

#include <algorithm>
#include <chrono>
#include <functional>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/publish/run_lock.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

constexpr std::chrono::seconds lock_patience{20};
constexpr int number_attempts_max = 1000;
constexpr std::size_t insert_bytes_max = 512 << 10;
constexpr std::size_t op_column = 2;  // in what versions() selects
constexpr unsigned int no_such_table = 1146;
constexpr unsigned int unknown_database = 1049;

/// "(v.vault_batch BETWEEN 1 AND 5 OR v.vault_batch = 7)"
std::string among(const std::vector<std::uint64_t>& numbers, std::string_view alias) {
  std::vector<std::string> ranges;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i;
    while (end + 1 < numbers.size() && numbers[end + 1] == numbers[end] + 1) ++end;
    ranges.push_back(fmt::format("{}.{} BETWEEN {} AND {}", alias, vault_batch_column, numbers[i],
                                 numbers[end]));
    i = end + 1;
  }
  return ranges.empty() ? "FALSE" : "(" + join(ranges, " OR ") + ")";
}

std::vector<std::string> names_of(const std::vector<TableColumn>& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return names;
}

std::string state_query(const TableName& vault, const std::vector<TableColumn>& image,
                        const std::vector<std::string>& key,
                        const std::vector<std::uint64_t>& chain) {
  std::vector<std::string> same_key;
  for (const auto& name : key) {
    same_key.push_back(fmt::format("w.{0} = v.{0}", quote_name(name)));
  }
  return fmt::format(
      "SELECT {0} FROM {1} v WHERE {2} AND v.{3} <> 'D' AND NOT EXISTS (SELECT 1 FROM {1} w WHERE "
      "{4} AND w.{5} > v.{5} AND {6})",
      name_list(names_of(image), "v."), vault.quoted(), among(chain, "v"), vault_op_column,
      join(same_key, " AND "), vault_batch_column, among(chain, "w"));
}

/// A number of 60 bits for a row of a batch; NULL where the row is too long to be hashed.
std::string row_hash(const std::vector<TableColumn>& columns, std::string_view alias) {
  std::string parts = fmt::format("{}.{}", alias, vault_op_column);
  for (const auto& column : columns) {
    std::string bytes = text_bytes(column, alias);
    const bool may_be_long = column.data_type.ends_with("text") ||
                             column.data_type.ends_with("blob") || column.data_type == "json";
    if (may_be_long) bytes = "SHA1(" + bytes + ")";
    // The length keeps ('ab', 'c') from being ('a', 'bc'); NULL is no text.
    parts += fmt::format(", IF({0}.{1} IS NULL, 'N', CONCAT(LENGTH({2}), ':', {2}))", alias,
                         quote_name(column.name), bytes);
  }
  return fmt::format("CAST(CONV(LEFT(SHA1(CONCAT({})), 15), 16, 10) AS UNSIGNED)", parts);
}

class Transaction {
 public:
  explicit Transaction(Connection& session) : session_(session) {
    session_.execute("START TRANSACTION");
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    try {
      if (!done_ && session_.alive()) session_.execute("ROLLBACK");
    } catch (const std::exception& error) {
      log::warn("a transaction of the vault ends with its session: {}", error.what());
    }
  }
  void commit() {
    session_.execute("COMMIT");
    done_ = true;
  }

 private:
  Connection& session_;
  bool done_ = false;
};

/// Whether the publish of this batch happened: the marker shows it now, or the journal says that it
/// did. (The journal knows a layer by its main schema; for tables beside it only the marker
/// speaks.)
bool was_published(Connection& session, const TableName& live, const VaultBatch& batch) {
  const auto marker = read_marker(session, live.schema);
  if (marker && marker->generation == batch.generation && marker->run_id == batch.run_id) {
    return true;
  }
  const auto done = session.query_value(fmt::format(
      "SELECT COUNT(*) FROM pipeline.publish_journal WHERE schema_name = {} AND generation = {} "
      "AND run_id = {} AND state IN ('done', 'unfinished') AND kind = 'publish'",
      quote_text(live.schema), batch.generation, quote_text(batch.run_id)));
  return to_number(done) != 0;
}

/// What a row's image is written with.
std::string value_literal(const TableColumn& column, const std::optional<std::string_view>& value) {
  if (!value) return "NULL";
  if (is_bytes(column)) {
    if (value->empty()) return "''";
    return "0x" + hex({reinterpret_cast<const unsigned char*>(value->data()), value->size()});
  }
  return quote_text(*value);
}

/// How a column is read so that value_literal() writes the same value.
std::string carried_value(const TableColumn& column) {
  const std::string name = "s." + quote_name(column.name);
  if (is_bytes(column)) return "CAST(" + name + " AS BINARY)";
  // A FLOAT shows six digits only.
  if (column.data_type == "float") return "(" + name + " * 1e0)";
  return column.charset.empty() ? name : fmt::format("CONVERT({} USING utf8mb4)", name);
}

/// The columns that may be written: all but generated ones.
std::vector<std::string> writable_columns(Connection& session, const TableName& table) {
  std::vector<std::string> names;
  for (const auto& row :
       session
           .query(fmt::format("SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE "
                              "TABLE_SCHEMA = {} AND TABLE_NAME = {} AND "
                              "COALESCE(GENERATION_EXPRESSION, '') = '' ORDER BY ORDINAL_POSITION",
                              quote_text(table.schema), quote_text(table.table)))
           .rows) {
    names.push_back(row[0].value_or(""));
  }
  return names;
}

/// Collects rows into statements of some size.
class RowWriter {
 public:
  RowWriter(Connection& session, const TableName& table, const std::vector<TableColumn>& columns)
      : session_(session),
        columns_(columns),
        begin_(fmt::format("INSERT INTO {} ({}) VALUES ", table.quoted(),
                           name_list(names_of(columns)))) {}

  void add(Connection::RowView row) {
    statement_ += statement_.empty() ? begin_ + "(" : ", (";
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i != 0) statement_ += ", ";
      statement_ += value_literal(columns_[i], row[i]);
    }
    statement_ += ")";
    ++rows_;
    if (statement_.size() > insert_bytes_max) flush();
  }
  std::uint64_t end() {
    flush();
    return rows_;
  }

 private:
  void flush() {
    if (!statement_.empty()) session_.execute(statement_);
    statement_.clear();
  }

  Connection& session_;
  const std::vector<TableColumn>& columns_;
  const std::string begin_;
  std::string statement_;
  std::uint64_t rows_ = 0;
};

bool same_columns(const std::vector<TableColumn>& one, const std::vector<TableColumn>& other) {
  return std::ranges::equal(one, other, [](const TableColumn& a, const TableColumn& b) {
    return a.name == b.name && a.column_type == b.column_type && a.collation == b.collation;
  });
}

std::string now_text() {
  return format_utc(std::chrono::system_clock::now());
}

}  // namespace

Vault::Vault(Connection& session, VaultOptions options, Use use)
    : session_(session), options_(std::move(options)) {
  if (use == Use::write) take_run_locks(session_, {options_.schema}, lock_patience);
  // A TIMESTAMP is hashed as its text; a date that a model was allowed to write may be written
  // here.
  session_.execute("SET SESSION time_zone = '+00:00'");
  session_.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,ALLOW_INVALID_DATES'");
}

std::vector<TableColumn> Vault::image_columns(const TableName& vault) {
  auto columns = columns_of(session_, vault);
  std::erase_if(columns, [](const auto& column) {
    return column.name == vault_batch_column || column.name == vault_op_column;
  });
  return columns;
}

std::vector<std::string> Vault::misfits(const VaultedTable& table, const TableName& source) {
  for (const std::string list : {"batch", "published"}) {
    try {
      session_.query(fmt::format("SELECT 1 FROM {} LIMIT 0", quote_name(options_.schema, list)));
    } catch (const Error& error) {
      const auto number = server_errno(error);
      if (number != no_such_table && number != unknown_database) throw;
      return {fmt::format("{}.{} is missing; apply deploy/sql/vault.sql as an administrator",
                          options_.schema, list)};
    }
  }
  const TableName vault = vault_table(options_.schema, table.live);
  const auto keys = unique_keys_of(session_, vault);
  return vault_misfits(table, vault, columns_of(session_, source), image_columns(vault),
                       keys.empty() ? std::vector<std::string>() : keys.front().columns,
                       options_.init_command);
}

std::vector<std::string> Vault::key_of(const TableName& live) {
  auto keys = unique_keys_of(session_, vault_table(options_.schema, live));
  if (keys.empty()) return {};
  auto& key = keys.front().columns;
  std::erase(key, vault_batch_column);
  return std::move(key);
}

std::vector<VaultedTable> Vault::kept_tables(const std::vector<std::string>& schemas) {
  std::vector<VaultedTable> tables;
  const auto found =
      session_.query(fmt::format("SELECT DISTINCT schema_name, table_name FROM {} ORDER BY 1, 2",
                                 quote_name(options_.schema, "batch")));
  for (const auto& row : found.rows) {
    const TableName live{row[0].value_or(""), row[1].value_or("")};
    if (std::ranges::find(schemas, live.schema) == schemas.end()) continue;
    auto key = key_of(live);
    if (!key.empty()) tables.push_back({.live = live, .key = std::move(key)});
  }
  return tables;
}

std::vector<std::string> Vault::settle(const TableName& live) {
  const VaultLedger known = ledger(live);
  std::vector<std::string> lines;
  const VaultBatch* last = known.last_published();
  std::uint64_t continued = last == nullptr ? 0 : last->number;
  const auto open = known.open();
  for (auto batch = open.begin(); batch != open.end(); ++batch) {
    if ((*batch)->base != continued || !was_published(session_, live, **batch)) continue;
    // A second batch for the same publish replaces one whose publish never began.
    const bool replaced = std::any_of(batch + 1, open.end(), [&](const VaultBatch* later) {
      return later->generation == (*batch)->generation && later->run_id == (*batch)->run_id;
    });
    if (replaced) continue;
    insert_published(session_, options_.schema, live, **batch);
    continued = (*batch)->number;
    lines.push_back(
        fmt::format("batch {} of {} in the vault counts: generation {} of run {} was "
                    "published",
                    (*batch)->number, live.text(), (*batch)->generation, (*batch)->run_id));
  }
  return lines;
}

RowSource Vault::state(const VaultedTable& table, const VaultLedger& ledger, std::uint64_t batch) {
  const TableName vault = vault_table(options_.schema, table.live);
  return {.table = vault,
          .query = state_query(vault, image_columns(vault), table.key, ledger.chain(batch)),
          .hidden = {std::string(vault_batch_column), std::string(vault_op_column)}};
}

std::uint64_t Vault::free_number(const VaultLedger& ledger) {
  const std::string vault = vault_table(options_.schema, ledger.live()).quoted();
  std::uint64_t number = ledger.highest_number();
  // Rows that somebody left under a number that is not in the list must not become ours.
  for (int attempt = 0; attempt < number_attempts_max; ++attempt) {
    ++number;
    const auto taken = session_.query_value(
        fmt::format("SELECT 1 FROM {} WHERE {} = {} LIMIT 1", vault, vault_batch_column, number));
    if (!taken) return number;
    log::warn("{} has rows under batch {}, which no list names; they are never read", vault,
              number);
  }
  throw Error(ErrorKind::guard_refused,
              fmt::format("{} has rows under {} batches that no list names; an administrator has "
                          "to look at it",
                          vault, number_attempts_max));
}

/// Of each of these batches that has rows, over these columns.
std::map<std::uint64_t, Vault::Checksum> Vault::checksums(
    const TableName& vault, const std::vector<TableColumn>& columns,
    const std::vector<std::uint64_t>& batches) {
  std::map<std::uint64_t, Checksum> found;
  for (const auto& row :
       session_
           .query(fmt::format("SELECT v.{2}, COUNT(*), SUM({0}), SUM({0} IS NULL) FROM {1} v WHERE "
                              "{3} GROUP BY v.{2}",
                              row_hash(columns, "v"), vault.quoted(), vault_batch_column,
                              among(batches, "v")))
           .rows) {
    if (to_number(row[3]) != 0) {
      throw Error(ErrorKind::resource_exhausted,
                  fmt::format("{} rows of {} are too long to be hashed; raise max_allowed_packet",
                              row[3].value_or(""), vault.text()));
    }
    found.emplace(to_number(row[0]),
                  Checksum{.rows = to_number(row[1]), .sum = row[2].value_or("")});
  }
  return found;
}

/// Writes the changes from the ledger's last state to `source` as one batch and one transaction;
/// `batch` comes with what it stands for. A batch without rows is written only if asked for; then
/// number is 0.
VaultBatch Vault::write(const VaultedTable& table, const VaultLedger& ledger,
                        const TableName& source, VaultBatch batch, bool even_if_empty) {
  const TableName vault = vault_table(options_.schema, table.live);
  const auto image = image_columns(vault);
  const auto columns = columns_of(session_, source);
  batch.columns_text = columns_json(columns);
  const VaultBatch* last = ledger.last_published();
  batch.base = last == nullptr ? 0 : last->number;
  batch.number = free_number(ledger);
  batch.written_at = now_text();
  batch.previous_hash = ledger.head_hash();

  const RowComparison comparison(image, columns, table.key);
  if (!comparison.only_after().empty()) {
    throw Error(ErrorKind::guard_refused,
                fmt::format("{} lacks the column {} of {}; add it with: {}", vault.text(),
                            comparison.only_after().front(), source.text(), options_.init_command));
  }
  const std::string state = "(" + this->state(table, ledger, batch.base).query + ") b";
  std::vector<std::string> image_names;
  for (const auto& pair : comparison.shared()) image_names.push_back(pair.before.name);
  std::vector<std::string> source_names;
  for (const auto& pair : comparison.shared()) source_names.push_back(pair.after.name);
  const auto insert = [&](char op, const std::vector<std::string>& into, const std::string& rows) {
    return session_
        .execute(fmt::format("INSERT INTO {} ({}, {}, {}) SELECT {}, '{}', {}", vault.quoted(),
                             vault_batch_column, vault_op_column, name_list(into), batch.number, op,
                             rows))
        .affected_rows;
  };
  const std::string same_key = comparison.same_key("b", "a");
  const std::string b_key = "b." + quote_name(comparison.key().front().before.name);

  Transaction transaction(session_);
  std::uint64_t changed = 0;
  std::uint64_t deleted = 0;
  if (batch.base != 0) {
    changed = insert(
        'U', image_names,
        fmt::format("{} FROM {} JOIN {} a ON {} WHERE NOT ({})", name_list(source_names, "a."),
                    state, source.quoted(), same_key, comparison.same_row("b", "a")));
    std::optional<JoinSettings> settings;
    if (!has_index_for(session_, source, table.key)) settings.emplace(session_);
    deleted = insert('D', names_of(image),
                     fmt::format("{} FROM {} LEFT JOIN {} a ON {} WHERE NOT ({})",
                                 name_list(names_of(image), "b."), state, source.quoted(), same_key,
                                 comparison.joined("a")));
  }
  const std::string inserted_rows =
      batch.base == 0
          ? fmt::format("{} FROM {} a", name_list(source_names, "a."), source.quoted())
          : fmt::format("{} FROM {} a LEFT JOIN {} ON {} WHERE NOT (LENGTH({}) IS NOT NULL)",
                        name_list(source_names, "a."), source.quoted(), state, same_key, b_key);
  const std::uint64_t inserted = insert('I', image_names, inserted_rows);
  failpoint("vault_after_rows");
  if (!even_if_empty && changed + deleted + inserted == 0) return {};

  const Checksum written = checksums(vault, columns, {batch.number})[batch.number];
  batch.rows = written.rows;
  batch.checksum = written.text();
  batch.state_rows = (last == nullptr ? 0 : last->state_rows) + inserted - deleted;
  const std::uint64_t source_rows = count_rows(session_, source);
  if (batch.state_rows != source_rows || batch.rows != changed + deleted + inserted) {
    throw Error(
        ErrorKind::internal,
        fmt::format("{} has {} rows, the vault would have {} ({} new, {} changed, {} "
                    "deleted); nothing is written",
                    source.text(), source_rows, batch.state_rows, inserted, changed, deleted));
  }
  insert_batch(session_, options_.schema, table.live, batch);
  if (batch.kind == VaultBatch::Kind::found) {
    insert_published(session_, options_.schema, table.live, batch);
    batch.published = VaultBatch::Published::yes;
  }
  failpoint("vault_before_commit");
  transaction.commit();
  failpoint("vault_after_commit");
  log::info("batch {} of {} is in the vault: {} new, {} changed, {} deleted rows", batch.number,
            table.live.text(), inserted, changed, deleted);
  return batch;
}

std::optional<VaultBatch> Vault::record_live(const VaultedTable& table) {
  return record_replaced(table, table.live, read_marker(session_, table.live.schema));
}

std::optional<VaultBatch> Vault::record_replaced(const VaultedTable& table,
                                                 const TableName& kept_as,
                                                 const std::optional<Marker>& marker) {
  const VaultLedger known = ledger(table.live);
  VaultBatch batch{.kind = VaultBatch::Kind::found};
  if (marker) {
    batch.generation = marker->generation;
    batch.run_id = marker->run_id;
    batch.business_date = marker->business_date;
    batch.upstream_generation = marker->upstream_generation;
    batch.source_object = marker->source_object;
  }
  const VaultBatch* last = known.last_published();
  const bool new_generation =
      last == nullptr || last->generation != batch.generation || last->run_id != batch.run_id;
  batch = write(table, known, kept_as, std::move(batch), new_generation);
  if (batch.number == 0) return {};
  if (batch.rows != 0 && last != nullptr) {
    log::warn(
        "{} was changed by something else than a publish of the pipeline: {} rows differ "
        "from what the vault knew; they are in its batch {} now",
        table.live.text(), batch.rows, batch.number);
  }
  return batch;
}

VaultBatch Vault::record_candidate(const VaultedTable& table, const TableName& candidate,
                                   const Marker& marker) {
  VaultBatch batch{.kind = VaultBatch::Kind::publish,
                   .generation = marker.generation,
                   .run_id = marker.run_id,
                   .business_date = marker.business_date,
                   .upstream_generation = marker.upstream_generation,
                   .source_object = marker.source_object};
  return write(table, ledger(table.live), candidate, std::move(batch), true);
}

void Vault::verify(const TableName& live, const VaultLedger& ledger, std::uint64_t batch) {
  const TableName vault = vault_table(options_.schema, live);
  // A table that got a column is hashed over the columns that it had.
  std::map<std::string, std::vector<std::uint64_t>> by_columns;
  for (const std::uint64_t number : ledger.chain(batch)) {
    by_columns[ledger.at(number).columns_text].push_back(number);
  }
  for (const auto& [unused, numbers] : by_columns) {
    auto found = checksums(vault, ledger.at(numbers.front()).columns(), numbers);
    for (const std::uint64_t number : numbers) {
      const VaultBatch& written = ledger.at(number);
      if (found[number].text() == written.checksum) continue;
      throw Error(ErrorKind::guard_refused,
                  fmt::format("the rows of batch {} of {} in the vault are not those that were "
                              "written ({} rows now, {} then); nobody but an administrator can "
                              "have changed them",
                              number, live.text(), found[number].rows, written.rows));
    }
  }
}

std::uint64_t Vault::rebuild(const VaultedTable& table, const VaultLedger& ledger,
                             std::uint64_t batch, Connection& builder, const TableName& candidate) {
  verify(table.live, ledger, batch);
  const VaultBatch& wanted = ledger.at(batch);
  const auto columns = wanted.columns();
  builder.execute("SET SESSION time_zone = '+00:00'");
  // As it was, whatever the server thinks of it now; the comparison below has the last word.
  builder.execute("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'");
  builder.execute("DROP TABLE IF EXISTS " + candidate.quoted());
  if (same_columns(columns_of(session_, table.live), columns)) {
    builder.execute(
        fmt::format("CREATE TABLE {} LIKE {}", candidate.quoted(), table.live.quoted()));
  } else {
    std::vector<std::string> lines;
    for (const auto& column : columns) {
      const bool in_key = std::ranges::any_of(
          table.key, [&](const auto& name) { return to_lower(name) == to_lower(column.name); });
      lines.push_back(
          quote_name(column.name) + " " +
          kept_definition(column, in_key ? TableColumn::Nullable::no : TableColumn::Nullable::yes));
    }
    builder.execute(
        fmt::format("CREATE TABLE {} ({}, PRIMARY KEY ({})) ENGINE=InnoDB DEFAULT "
                    "CHARSET=utf8mb4",
                    candidate.quoted(), join(lines, ", "), name_list(table.key)));
  }
  RowSource rows = state(table, ledger, batch);
  std::vector<TableColumn> carried;
  for (const auto& name : writable_columns(builder, candidate)) {
    carried.push_back(*find_column(columns, name));
  }
  std::vector<std::string> selected;
  for (const auto& column : carried) selected.push_back(carried_value(column));
  RowWriter writer(builder, candidate, carried);
  failpoint("vault_before_rebuild");
  session_.stream(fmt::format("SELECT {} FROM ({}) s", join(selected, ", "), rows.query),
                  [&](Connection::RowView row) { writer.add(row); });
  const std::uint64_t written = writer.end();
  // The vault may have columns that came later or had gone.
  for (const auto& column : image_columns(rows.table)) {
    if (find_column(columns, column.name) == nullptr) rows.hidden.push_back(column.name);
  }
  const auto difference =
      compare_rows(session_, {.before = rows, .after = {.table = candidate}, .key = table.key});
  const bool same = difference.no_row_differs() && difference.columns_only_before.empty() &&
                    difference.columns_only_after.empty() && written == wanted.state_rows;
  if (!same) {
    throw Error(ErrorKind::internal,
                fmt::format("{} was rebuilt from the vault and is not what it holds: {} rows "
                            "missing, {} changed, {} too many; it is not published",
                            candidate.text(), difference.only_before, difference.changed,
                            difference.only_after));
  }
  return written;
}

RowHistory Vault::versions(const VaultedTable& table,
                           const std::vector<std::pair<std::string, std::string>>& key_values,
                           std::size_t rows_max) {
  const TableName vault = vault_table(options_.schema, table.live);
  const auto image = image_columns(vault);
  RowHistory history{.columns = names_of(image), .versions = {}, .ledger = ledger(table.live)};
  std::vector<std::string> wanted;
  for (const auto& [name, value] : key_values) {
    const TableColumn* column = find_column(image, name);
    if (column == nullptr) {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("{} has no column {}", table.live.text(), name));
    }
    wanted.push_back(fmt::format("v.{} = {}", quote_name(column->name), quote_text(value)));
  }
  std::vector<std::string> selected{fmt::format("v.{}", vault_batch_column),
                                    fmt::format("v.{}", vault_op_column)};
  for (const auto& column : image) selected.push_back(shown_value(column, "v"));
  const auto found = session_.query(
      fmt::format("SELECT {} FROM {} v WHERE {} ORDER BY {}, v.{} LIMIT {}", join(selected, ", "),
                  vault.quoted(), wanted.empty() ? "TRUE" : join(wanted, " AND "),
                  name_list(table.key, "v."), vault_batch_column, rows_max));
  for (const auto& row : found.rows) {
    RowVersion version{.batch = to_number(row[0]), .op = row[1].value_or("")};
    const auto& batches = history.ledger.batches();
    const auto batch = std::ranges::find(batches, version.batch, &VaultBatch::number);
    if (batch != batches.end()) version.of = &*batch;
    for (std::size_t i = op_column; i < row.size(); ++i) {
      version.values.push_back(row[i]);
    }
    history.versions.push_back(std::move(version));
  }
  return history;
}

}  // namespace pipeline::publish
