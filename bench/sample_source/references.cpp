#include "bench/sample_source/references.h"

#include <algorithm>
#include <array>
#include <optional>

#include "bench/sample_source/schema.h"

namespace pipeline::source {
namespace {

struct Told {
  std::string_view column;
  std::string_view target;
};
// Names of columns that a story tells.
constexpr std::array<Told, 9> told_columns{{{"tenant_id", "tenants"},
                                            {"apartment_id", "apartments"},
                                            {"room_id", "rooms"},
                                            {"moving_id", "movings"},
                                            {"under_contract_id", "movings"},
                                            {"inquiry_id", "inquiries"},
                                            {"m_nationality_id", "m_nationalities"},
                                            {"m_language_id_1", "m_languages"},
                                            {"media_id", "m_media"}}};

std::optional<std::string_view> target_of(const Column& column) {
  if (const auto* reference = std::get_if<Reference>(&column.content)) return reference->table;
  if (const auto* anchored = std::get_if<Anchored>(&column.content)) {
    switch (anchored->what) {
      case Anchored::What::tenant:
        return "tenants";
      case Anchored::What::moving:
        return "movings";
      case Anchored::What::room:
        return "rooms";
      case Anchored::What::apartment:
        return "apartments";
    }
  }
  if (!std::holds_alternative<FromStory>(column.content)) return std::nullopt;
  const auto* found = std::find_if(told_columns.begin(), told_columns.end(),
                                   [&](const Told& told) { return told.column == column.name; });
  if (found == told_columns.end()) return std::nullopt;
  return found->target;
}

}  // namespace

std::vector<ForeignColumn> foreign_columns() {
  std::vector<ForeignColumn> all;
  for (const TableSpec& table : source_tables()) {
    for (const Column& column : table.columns) {
      if (const auto target = target_of(column)) {
        all.push_back({.table = table.name, .column = column.name, .target = *target});
      }
    }
  }
  return all;
}

}  // namespace pipeline::source
