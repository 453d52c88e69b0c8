// What is kept in the database of a copy of a staging table: from which text of a dump it was made.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/staging/delta/hash_merge.h"

namespace pipeline::delta {

/// Of each table there are up to two copies, one live and one in the shadow. A RENAME exchanges
/// them, and the state of each stays where it is: which slot belongs to the live copy stands with
/// the generation in the ledger.
enum class Slot { a, b };
Slot other(Slot slot);
/// "a" or "b", and back (nullopt for anything else).
std::string_view word_of(Slot slot);
std::optional<Slot> slot_of(std::string_view word);

/// What the rows are that a state describes.
struct StateHeader {
  std::string shape;       // of the definition and of all settings that decide how a row is read
  std::string definition;  // of the table as the server shows it, when its state was written
  std::string content;     // ContentHash of shape and rows
  std::uint64_t rows = 0;
  std::uint64_t epoch = 0;    // chunks of later epochs are of a load that did not come to its end
  std::size_t key_bytes = 0;  // 0: no hashes of single rows are kept
  bool operator==(const StateHeader&) const = default;
};

/// The table `<table>__hashes_<slot>` in the shadow schema: a row for the header and one for each
/// chunk. Throws what the server does. Format: docs/formats/staging-hashes.md.
class TableState {
 public:
  /// `session` must outlive it.
  TableState(Connection& session, const std::string& shadow, const std::string& table, Slot slot);

  static std::string name_of(const std::string& table, Slot slot);

  /// nullopt if there is none, or none that this version understands.
  std::optional<StateHeader> read_header();
  /// Makes it anew, without a header: whoever is killed before write_header() leaves nothing that
  /// anybody believes.
  void make();
  void drop();
  void write_header(const StateHeader& header);
  /// All chunks in as few statements as it goes.
  void write_chunks(std::span<const Chunk> chunks, std::uint64_t epoch);
  /// Chunks of later epochs than the header's.
  void forget_unfinished(const StateHeader& header);
  /// Chunks in whose place there are newer ones, up to `epoch`.
  void forget_superseded(std::uint64_t epoch);

  /// The chunks that the header counts, by label. `state` must outlive it.
  class Chunks : public ChunkSource {
   public:
    Chunks(TableState& state, std::uint64_t epoch) : state_(state), epoch_(epoch) {}
    std::optional<Chunk> next() override;

   private:
    void read_page();

    TableState& state_;
    std::uint64_t epoch_;
    std::vector<Chunk> page_;
    std::size_t at_ = 0;
    std::string last_label_;
    enum class More { yes, no } more_ = More::yes;
  };

 private:
  Connection& session_;
  std::string quoted_;
};

/// The hash of a table's definition as the server shows it, without the next number of its
/// AUTO_INCREMENT column, which deleted rows move too.
std::string definition_hash(Connection& session, const TableName& table);

}  // namespace pipeline::delta
