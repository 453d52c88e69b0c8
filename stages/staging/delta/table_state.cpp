// Chunks are never changed: a new version of one is a row of the next epoch, and the header,
// written in the transaction that changes the table's rows, says up to which epoch they count. So a
// load may write chunks long before its transaction, and holds none of them in memory.
#include "stages/staging/delta/table_state.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "stages/publish/names.h"
#include "stages/publish/sql.h"
#include "stages/staging/delta/row_hash.h"

namespace pipeline::delta {
namespace {

/// Of everything that decides what a state means: whoever changes hashes, keys, chunks or the way
/// in which rows are sent counts on.
constexpr int format = 1;
/// The least max_allowed_packet that anybody sets is 1 MiB; a chunk with its label is less than
/// half of it.
constexpr std::size_t statement_bytes_max = 512U << 10U;
constexpr std::size_t chunks_per_page = 256;

std::string bytes_literal(std::string_view bytes) {
  const std::span<const unsigned char> raw(reinterpret_cast<const unsigned char*>(bytes.data()),
                                           bytes.size());
  return "X'" + hex(raw) + "'";
}

std::string to_json(const StateHeader& header) {
  Json document = Json::object();
  document.set("format", format);
  document.set("shape", header.shape);
  document.set("definition", header.definition);
  document.set("content", header.content);
  document.set("rows", header.rows);
  document.set("epoch", header.epoch);
  document.set("key_bytes", static_cast<std::int64_t>(header.key_bytes));
  return document.dump();
}

std::optional<StateHeader> header_from(const std::string& text) {
  try {
    const Json document = Json::parse(text);
    if (document.at("format").as_int() != format) return {};
    return StateHeader{.shape = document.at("shape").as_string(),
                       .definition = document.at("definition").as_string(),
                       .content = document.at("content").as_string(),
                       .rows = static_cast<std::uint64_t>(document.at("rows").as_int()),
                       .epoch = static_cast<std::uint64_t>(document.at("epoch").as_int()),
                       .key_bytes = static_cast<std::size_t>(document.at("key_bytes").as_int())};
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

Slot other(Slot slot) {
  return slot == Slot::a ? Slot::b : Slot::a;
}

std::string_view word_of(Slot slot) {
  return slot == Slot::a ? "a" : "b";
}

std::optional<Slot> slot_of(std::string_view word) {
  if (word == "a") return Slot::a;
  if (word == "b") return Slot::b;
  return {};
}

TableState::TableState(Connection& session, const std::string& shadow, const std::string& table,
                       Slot slot)
    : session_(session), quoted_(quote_name(shadow, name_of(table, slot))) {}

std::string TableState::name_of(const std::string& table, Slot slot) {
  return publish::with_suffix(table, fmt::format("__hashes_{}", word_of(slot)));
}

std::optional<StateHeader> TableState::read_header() {
  const auto text = session_.query_value(
      fmt::format("SELECT entries FROM {} WHERE label = '' AND epoch = 0", quoted_));
  return text ? header_from(*text) : std::optional<StateHeader>();
}

void TableState::make() {
  drop();
  session_.execute(
      fmt::format("CREATE TABLE {} (label VARBINARY(255) NOT NULL, epoch BIGINT UNSIGNED NOT NULL, "
                  "entries MEDIUMBLOB NOT NULL, PRIMARY KEY (label, epoch)) ENGINE=InnoDB",
                  quoted_));
}

void TableState::drop() {
  session_.execute("DROP TABLE IF EXISTS " + quoted_);
}

void TableState::write_header(const StateHeader& header) {
  session_.execute(
      fmt::format("REPLACE INTO {} VALUES ('', 0, {})", quoted_, bytes_literal(to_json(header))));
}

void TableState::write_chunks(std::span<const Chunk> chunks, std::uint64_t epoch) {
  const std::string opening = fmt::format("INSERT INTO {} VALUES ", quoted_);
  std::string statement;
  for (const auto& chunk : chunks) {
    const std::string row = fmt::format("({}, {}, {})", bytes_literal(chunk.label), epoch,
                                        bytes_literal(chunk.entries));
    if (!statement.empty() && statement.size() + row.size() > statement_bytes_max) {
      session_.execute(statement);
      statement.clear();
    }
    statement += statement.empty() ? opening : ",";
    statement += row;
  }
  if (!statement.empty()) session_.execute(statement);
}

void TableState::forget_unfinished(const StateHeader& header) {
  session_.execute(fmt::format("DELETE FROM {} WHERE epoch > {}", quoted_, header.epoch));
}

void TableState::forget_superseded(std::uint64_t epoch) {
  // The table that loses rows goes by its name: an alias of it would want a default database.
  session_.execute(fmt::format(
      "DELETE {0} FROM {0} JOIN {0} AS later ON later.label = {0}.label AND later.epoch "
      "> {0}.epoch WHERE later.epoch <= {1} AND {0}.label <> ''",
      quoted_, epoch));
  // Its range falls to the chunk before.
  session_.execute(
      fmt::format("DELETE FROM {} WHERE entries = '' AND label NOT IN ('', {}) AND epoch <= {}",
                  quoted_, bytes_literal(first_label), epoch));
}

std::optional<Chunk> TableState::Chunks::next() {
  if (at_ == page_.size() && more_ == More::yes) read_page();
  if (at_ == page_.size()) return {};
  return std::move(page_[at_++]);
}

void TableState::Chunks::read_page() {
  page_.clear();
  at_ = 0;
  const auto found = state_.session_.query(fmt::format(
      "SELECT label, entries FROM {0} WHERE label > {1} AND epoch <= {2} ORDER BY label, "
      "epoch LIMIT {3}",
      state_.quoted_, bytes_literal(last_label_), epoch_, chunks_per_page));
  more_ = found.rows.size() == chunks_per_page ? More::yes : More::no;
  for (const auto& row : found.rows) {
    std::string label = row.at(0).value_or("");
    // The last epoch of a label is the one that counts; earlier ones are there only if a load was
    // killed before it had swept.
    if (!page_.empty() && page_.back().label == label) page_.pop_back();
    page_.push_back({.label = std::move(label), .entries = row.at(1).value_or("")});
  }
  if (page_.empty()) return;
  // The newest of the last label may be on the next page: then all of them are read again there.
  if (more_ == More::yes && page_.size() > 1) page_.pop_back();
  last_label_ = page_.back().label;
}

std::string definition_hash(Connection& session, const TableName& table) {
  const auto shown = session.query("SHOW CREATE TABLE " + table.quoted());
  std::string text = shown.rows.at(0).at(1).value_or("");
  constexpr std::string_view counter = " AUTO_INCREMENT=";
  const auto begin = text.rfind(counter);
  if (begin != std::string::npos && begin > text.rfind('\n')) {
    const auto end = text.find_first_not_of("0123456789", begin + counter.size());
    text.erase(begin, end == std::string::npos ? end : end - begin);
  }
  return hex_hash(text);
}

}  // namespace pipeline::delta
