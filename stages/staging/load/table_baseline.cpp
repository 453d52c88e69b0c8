// A state is believed only if everything that can be seen without reading rows agrees: it is
// complete, the table that it describes is there and is defined as it was, the ledger of the live
// generation says which of the two copies is the live one, and the marker in the shadow says that
// the copies there are those which that generation left. Where anything is missing the table
// is loaded whole, which is right from any beginning.
#include "stages/staging/load/table_baseline.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/marker.h"

namespace pipeline {
namespace {

using delta::Slot;
using delta::StateHeader;
using delta::TableState;

struct Standing {
  std::set<std::string> tables;
  std::set<std::string> views;
};

Standing standing_in(Connection& session, const std::string& schema) {
  Standing standing;
  const auto found = session.query(fmt::format(
      "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = {}",
      quote_text(schema)));
  for (const auto& row : found.rows) {
    (row.at(1) == "VIEW" ? standing.views : standing.tables).insert(row.at(0).value_or(""));
  }
  return standing;
}

class BaselineFinder {
 public:
  BaselineFinder(Connection& session, const BaselineWish& wish)
      : session_(session),
        wish_(wish),
        shadow_(standing_in(session, wish.shadow)),
        live_(standing_in(session, wish.schema)) {}

  TableBaselines run() {
    keep_.insert(std::string(publish::marker_table));
    switch (wish_.copies) {
      case Copies::paired:
        for (const auto& table : wish_.owned) look_at_owned(table);
        break;
      case Copies::of_a_first_load:
        for (const auto& name : shadow_.tables) look_at_first_copy(name);
        break;
      case Copies::unknown:
        break;
    }
    drop_the_rest();
    return std::move(baselines_);
  }

 private:
  void look_at_owned(const IncomingTable& table) {
    const auto slot = table.slot.empty() ? std::nullopt : delta::slot_of(table.slot);
    // Nobody knows which state is whose: both go.
    if (!slot) {
      baselines_[table.name];
      return;
    }
    look_at_copy(table.name, delta::other(*slot));
    const auto header = state_of(wish_.schema, live_, table.name, *slot);
    if (!header || header->content != table.content) return;
    baselines_[table.name].live_content = table.content;
    keep_.insert(TableState::name_of(table.name, *slot));
  }

  /// A first load knows slot a alone.
  void look_at_first_copy(const std::string& name) {
    if (live_.tables.contains(name)) return;
    if (shadow_.tables.contains(TableState::name_of(name, Slot::b))) return;
    if (state_of(wish_.shadow, shadow_, name, Slot::a)) look_at_copy(name, Slot::a);
  }

  void look_at_copy(const std::string& table, Slot slot) {
    auto header = state_of(wish_.shadow, shadow_, table, slot);
    TableBaseline& baseline = baselines_[table];
    baseline.slot = slot;
    if (!header) return;
    baseline.shadow = std::move(header);
    keep_.insert(table);
    keep_.insert(TableState::name_of(table, slot));
  }

  /// Of `schema`.`table`, if it is there, is complete, and describes the table.
  std::optional<StateHeader> state_of(const std::string& schema, const Standing& standing,
                                      const std::string& table, Slot slot) {
    if (!standing.tables.contains(table)) return {};
    if (!shadow_.tables.contains(TableState::name_of(table, slot))) return {};
    auto header = TableState(session_, wish_.shadow, table, slot).read_header();
    if (!header) return {};
    if (header->definition == delta::definition_hash(session_, {schema, table})) return header;
    log::warn("{}.{} was altered since it was loaded; it is loaded whole", schema, table);
    return {};
  }

  void drop_the_rest() {
    session_.execute("SET SESSION foreign_key_checks = 0");
    for (const auto& view : shadow_.views) {
      session_.execute("DROP VIEW IF EXISTS " + quote_name(wish_.shadow, view));
    }
    for (const auto& table : shadow_.tables) {
      if (keep_.contains(table)) continue;
      session_.execute("DROP TABLE IF EXISTS " + quote_name(wish_.shadow, table));
    }
  }

  Connection& session_;
  const BaselineWish& wish_;
  const Standing shadow_;
  const Standing live_;
  TableBaselines baselines_;
  std::set<std::string> keep_;  // of the shadow
};

}  // namespace

TableBaselines find_baselines(Connection& loading, const BaselineWish& wish) {
  return BaselineFinder(loading, wish).run();
}

void forget_copies(Connection& loading, const std::string& shadow,
                   const std::vector<std::string>& tables) {
  for (const auto& table : tables) {
    for (const Slot slot : {Slot::a, Slot::b}) TableState(loading, shadow, table, slot).drop();
    loading.execute("DROP TABLE IF EXISTS " + quote_name(shadow, table));
  }
}

}  // namespace pipeline
