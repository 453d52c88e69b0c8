// Three ways. A table of which nothing is known is sent straight on, and its hashes are written
// beside it. A table whose copy in the shadow has hashes of its rows is merged with them: what did
// not change is passed over, the rest is held until the end of the table, since every row that goes
// must go before the first one comes (a unique value may move between rows). A table whose rows
// have no key that could be compared is held whole and forgotten again if its content is what is
// live.
//
// What is held has a bound. Where it is passed, and where more changed than a delta is good for,
// nothing is held any more and the dump is read a second time for these tables alone: that costs a
// few seconds on days on which loading them whole costs more.
#include "stages/staging/load/table_route.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"

namespace pipeline {
namespace {

/// About how many rows of a table are looked at again.
constexpr std::uint64_t rows_sampled = 16;
constexpr std::uint64_t tenth = 10;

class NoChunks : public delta::ChunkSource {
 public:
  std::optional<delta::Chunk> next() override { return {}; }
};

void append(std::string& text, std::string_view piece) {
  text += std::to_string(piece.size());
  text += ':';
  text += piece;
}

void append(std::string& text, const std::optional<std::string>& piece) {
  text += piece ? '+' : '-';
  append(text, piece ? std::string_view(*piece) : std::string_view());
}

void append(std::string& text, const dump::SessionSettings& settings) {
  append(text, std::string_view(settings.charset));
  append(text, std::string_view(settings.connection_charset));
  append(text, std::string_view(settings.connection_collation));
  append(text, settings.time_zone);
  append(text, settings.sql_mode);
}

std::string text_of(const dump::RowsBegin& rows) {
  std::string text;
  for (const auto& column : rows.columns) append(text, std::string_view(column));
  append(text, rows.settings);
  text += std::to_string(static_cast<int>(rows.verb));
  return text;
}

}  // namespace

TableRoute::TableRoute(const TableBaseline& baseline, const dump::TableDefinition& table,
                       const dump::SessionSettings& settings, Connection* session,
                       const RouteOptions& options)
    : baseline_(baseline), table_(table), session_(session), options_(options) {
  append(shape_text_, std::string_view(table.body_without_counter));
  append(shape_text_, settings);
  const RouteOptions::ServerDefaults& defaults = options_.server_defaults;
  append(shape_text_, std::string_view(defaults.others));
  if (!settings.time_zone) append(shape_text_, std::string_view(defaults.time_zone));
  if (!settings.sql_mode) append(shape_text_, std::string_view(defaults.sql_mode));
  if (options_.load == RouteOptions::Load::whole) {
    baseline_.shadow.reset();
    baseline_.live_content.reset();
  }
}

TableRoute::~TableRoute() = default;

void TableRoute::begin_rows(const dump::RowsBegin& rows) {
  if (settled_ == Settled::no) return settle_way(&rows);
  std::string group = text_of(rows);
  if (group == last_group_) return;
  content_.add(group);
  last_group_ = std::move(group);
  // A state has one shape. Rows of another one mean other values, and are not told apart by it.
  if (way_ == Way::changes) give_up();
  give_up_keys();
}

void TableRoute::settle_way(const dump::RowsBegin* first) {
  settled_ = Settled::yes;
  if (first != nullptr) {
    last_group_ = text_of(*first);
    shape_text_ += last_group_;
    if (first->verb == dump::InsertHead::Verb::insert) {
      key_ = delta::RowKey::of(table_, first->columns);
    }
  }
  shape_ = delta::hex_hash(shape_text_);
  content_.add(shape_);
  if (session_ == nullptr) return;
  state_.emplace(*session_, options_.shadow, table_.name, baseline_.slot);
  const auto& shadow = baseline_.shadow;
  const bool same_shape = shadow && shadow->shape == shape_;
  if (key_ && same_shape && shadow->key_bytes == key_->bytes()) {
    way_ = Way::changes;
    epoch_ = shadow->epoch + 1;
    state_->forget_unfinished(*shadow);
    chunks_before_.emplace(*state_, shadow->epoch);
    merging([&] {
      merge_ = std::make_unique<delta::HashMerge>(key_->bytes(), *chunks_before_,
                                                  static_cast<delta::MergeSink&>(*this));
    });
    return;
  }
  const bool keyless = !key_ || (same_shape && shadow->key_bytes == 0);
  if (keyless && (baseline_.live_content || same_shape)) {
    way_ = Way::compare;
    keys_were_given_up_ = key_.has_value();
    key_.reset();
    return;
  }
  begin_straight();
}

/// From here on the copy in the shadow is nobody's, until the new header is written.
void TableRoute::begin_straight() {
  way_ = Way::straight;
  state_->make();
  if (!key_) return;
  no_chunks_ = std::make_unique<NoChunks>();
  merge_ = std::make_unique<delta::HashMerge>(key_->bytes(), *no_chunks_,
                                              static_cast<delta::MergeSink&>(*this));
}

TableRoute::Row TableRoute::feed(dump::Row row, std::string_view text) {
  ++rows_;
  if (session_ == nullptr) return Row::send;
  const delta::RowHash hash = delta::hash_of(text);
  content_.add(hash);
  if (given_up_) return Row::pass;
  if (!key_) {
    ++rows_sent_;
    return Row::send;
  }
  key_text_.clear();
  if (!key_->append(row, key_text_) || (!last_key_.empty() && key_text_ <= last_key_)) {
    if (way_ == Way::changes) {
      give_up();
      return Row::pass;
    }
    give_up_keys();
    ++rows_sent_;
    return Row::send;
  }
  std::swap(key_text_, last_key_);
  auto row_is = delta::HashMerge::RowIs::added;
  merging([&] { row_is = merge_->feed(last_key_, hash.low); });
  if (given_up_) return Row::pass;
  switch (row_is) {
    case delta::HashMerge::RowIs::same:
      return is_sample(hash) ? Row::sample : Row::pass;
    case delta::HashMerge::RowIs::changed:
      keys_gone_ += last_key_;
      hold(last_key_.size());
      break;
    case delta::HashMerge::RowIs::added:
      break;
  }
  ++rows_sent_;
  if (way_ == Way::straight) return Row::send;
  give_up_if_too_many();
  return given_up_ ? Row::pass : Row::send;
}

/// Hashes that nobody can read are no reason to load nothing.
template <typename Act>
void TableRoute::merging(Act&& act) {
  try {
    act();
  } catch (const Error& error) {
    if (way_ != Way::changes || error.kind() != ErrorKind::internal) throw;
    log::warn("{} is loaded whole: {}", table_.name, error.what());
    give_up();
  }
}

void TableRoute::give_up_if_too_many() {
  const std::uint64_t changes = rows_sent_ + rows_gone_;
  if (changes > options_.changes_unasked && changes > baseline_.shadow->rows / tenth) give_up();
}

bool TableRoute::is_sample(const delta::RowHash& hash) const {
  const std::uint64_t every = std::max<std::uint64_t>(1, baseline_.shadow->rows / rows_sampled);
  return (hash.high ^ options_.sample_salt) % every == 0;
}

void TableRoute::hold(std::size_t bytes) {
  held_bytes_ += bytes;
  if (way_ != Way::straight && held_bytes_ > options_.held_bytes_max) give_up();
}

void TableRoute::gone(std::string_view key) {
  ++rows_gone_;
  if (given_up_) return;
  keys_gone_ += key;
  held_bytes_ += key.size();
  give_up_if_too_many();
}

void TableRoute::rewritten(delta::Chunk chunk) {
  if (given_up_) return;
  chunk_bytes_ += chunk.label.size() + chunk.entries.size();
  chunks_.push_back(std::move(chunk));
  if (chunk_bytes_ > options_.chunk_bytes_max) write_ahead();
}

void TableRoute::write_ahead() {
  state_->write_chunks(chunks_, epoch_);
  chunks_.clear();
  chunk_bytes_ = 0;
}

/// The content alone is of interest from here on.
void TableRoute::give_up() {
  given_up_ = true;
  keys_gone_ = {};
  chunks_.clear();
}

/// Of a table that is sent straight on: it gets a state without hashes of rows.
void TableRoute::give_up_keys() {
  if (way_ != Way::straight || !key_) return;
  key_.reset();
  merge_.reset();
  chunks_.clear();
  state_->make();
}

TableRoute::End TableRoute::finish() {
  using Becomes = End::Becomes;
  if (settled_ == Settled::no) settle_way(nullptr);
  End end;
  if (session_ == nullptr) return end;
  if (merge_ && !given_up_) merging([&] { merge_->finish(); });
  end.header = {.shape = shape_,
                .definition = {},
                .content = content_.hex(),
                .rows = rows_,
                .epoch = epoch_,
                .key_bytes = key_ ? key_->bytes() : 0};
  switch (way_) {
    case Way::straight:
      write_ahead();
      return end;
    case Way::compare:
      // Perhaps they can be told apart today.
      if (given_up_ || keys_were_given_up_) end.becomes = Becomes::again;
      if (baseline_.shadow && baseline_.shadow->content == end.header.content) {
        end.becomes = Becomes::ready;
      }
      break;
    case Way::changes:
      end.becomes = Becomes::changed;
      if (given_up_ || held_bytes_ > options_.held_bytes_max) {
        end.becomes = Becomes::again;
      } else if (baseline_.shadow->content == end.header.content) {
        end.becomes = Becomes::ready;
      }
      break;
  }
  if (baseline_.live_content == end.header.content) end.becomes = Becomes::untouched;
  if (end.becomes == Becomes::loaded) state_->make();
  if (end.becomes == Becomes::changed) {
    end.header.definition = baseline_.shadow->definition;
    end.delta = TableDelta{.key = *key_,
                           .keys = std::move(keys_gone_),
                           .chunks = std::move(chunks_),
                           .rows_sent = rows_sent_,
                           .rows_before = baseline_.shadow->rows};
  }
  return end;
}

}  // namespace pipeline
