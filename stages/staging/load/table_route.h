// What becomes of one table's rows while the dump is read: sent, held back, or passed over.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/mariadb/connection.h"
#include "stages/staging/delta/hash_merge.h"
#include "stages/staging/delta/row_hash.h"
#include "stages/staging/delta/row_key.h"
#include "stages/staging/delta/table_state.h"
#include "stages/staging/dump/dump_reader.h"
#include "stages/staging/load/table_baseline.h"

namespace pipeline {

struct RouteOptions {
  std::string shadow;
  /// What the server takes where a dump says nothing.
  struct ServerDefaults {
    std::string time_zone;
    std::string sql_mode;
    std::string others;  // character sets and its version
  } server_defaults;
  /// whole: whatever the baseline is.
  enum class Load { changes, whole } load = Load::changes;
  /// Of rows and keys that are held back for one table; with more, it is read once more.
  std::size_t held_bytes_max = 32U << 20U;
  /// Of chunks of hashes; more are written ahead.
  std::size_t chunk_bytes_max = 4U << 20U;
  /// Above so many changed rows, a table of which every tenth row changed is loaded whole.
  std::uint64_t changes_unasked = 1000;
  /// Which rows are looked at again: other ones each time.
  std::uint64_t sample_salt = 0;
};

/// What one transaction makes of the copy in the shadow, besides the rows that are sent.
struct TableDelta {
  delta::RowKey key;
  std::string keys;  // of the rows that go: those that changed too
  std::vector<delta::Chunk> chunks;
  std::uint64_t rows_sent = 0;
  std::uint64_t rows_before = 0;  // of the copy
};

/// The reading thread's, for one table.
class TableRoute : private delta::MergeSink {
 public:
  /// `session` is the reading thread's own, and must outlive the route; nullptr where nothing is
  /// written: then all rows are sent, and nothing is kept of them.
  TableRoute(const TableBaseline& baseline, const dump::TableDefinition& table,
             const dump::SessionSettings& settings, Connection* session,
             const RouteOptions& options);
  ~TableRoute() override;
  TableRoute(const TableRoute&) = delete;
  TableRoute& operator=(const TableRoute&) = delete;

  enum class Way {
    straight,  // into a new table
    compare,   // held until the end tells whether they differ from what is there
    changes,   // only those that changed, likewise held
  };
  Way way() const { return way_; }

  /// Rows of `rows` follow. The first call settles way().
  void begin_rows(const dump::RowsBegin& rows);
  enum class Row {
    send,
    pass,    // it is there already, or the table will be read once more
    sample,  // it is there already, and is to be looked at
  };
  Row feed(dump::Row row, std::string_view text);
  /// So many more bytes are held back.
  void hold(std::size_t bytes);
  /// Whether nothing needs to be held any more.
  bool given_up() const { return given_up_; }

  struct End {
    enum class Becomes {
      loaded,     // all rows were sent, or are to be
      changed,    // `delta` is to be applied
      ready,      // the copy in the shadow is what the dump says already
      untouched,  // what is live is
      again,      // it must be read once more, whole
    } becomes = Becomes::loaded;
    delta::StateHeader header;  // loaded: without the definition
    std::optional<TableDelta> delta;
  };
  /// Behind the last row; once.
  End finish();

 private:
  void gone(std::string_view key) override;
  void rewritten(delta::Chunk chunk) override;
  void settle_way(const dump::RowsBegin* first);
  void begin_straight();
  template <typename Act>
  void merging(Act&& act);
  void give_up();
  void give_up_if_too_many();
  void give_up_keys();
  void write_ahead();
  bool is_sample(const delta::RowHash& hash) const;

  TableBaseline baseline_;
  const dump::TableDefinition& table_;
  Connection* session_;
  RouteOptions options_;
  std::string shape_text_;
  std::string last_group_;
  enum class Settled { no, yes } settled_ = Settled::no;
  Way way_ = Way::straight;
  bool given_up_ = false;
  bool keys_were_given_up_ = false;
  std::optional<delta::TableState> state_;
  std::optional<delta::TableState::Chunks> chunks_before_;
  std::unique_ptr<delta::ChunkSource> no_chunks_;
  std::optional<delta::RowKey> key_;  // as long as rows are told apart by it
  std::unique_ptr<delta::HashMerge> merge_;
  delta::ContentHash content_;
  std::uint64_t rows_ = 0;
  std::uint64_t rows_sent_ = 0;
  std::uint64_t rows_gone_ = 0;
  std::string key_text_;
  std::string last_key_;
  std::string keys_gone_;
  std::vector<delta::Chunk> chunks_;
  std::size_t chunk_bytes_ = 0;
  std::size_t held_bytes_ = 0;
  std::uint64_t epoch_ = 1;
  std::string shape_;
};

}  // namespace pipeline
