// The independent figures. The bundled models read staging and are written in Jinja; what they are
// compared with is computed from another schema, filled by another program, by SQL that was written
// from the descriptions of the columns and not from the models. So an error would have to be made
// twice to stay unseen.
#include "tests/integration/gold_figures_house.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "common/base/text.h"

namespace pipeline::bundled {
namespace {

namespace fs = std::filesystem;

const std::string sql_dir = PIPELINE_SOURCE_DIR "/tests/integration/gold_figures/";
const std::string seeds_dir = PIPELINE_SOURCE_DIR "/stages/dbt/seeds/";

constexpr const char* tables_that_models_read =
    "apartments,rooms,tenants,movings,inquiries,m_nationalities";
constexpr std::array seeds{"code_gender",           "code_tenant_status",
                           "code_contract_type",    "code_personal_identity",
                           "code_affiliation_type", "code_moveout_reason"};

const std::array<Figure, 15> all_figures{{
    {"silver", "stg_apartments", {"apartment_id"}},
    {"silver", "stg_rooms", {"room_id"}},
    {"silver", "stg_tenants", {"tenant_id"}},
    {"silver", "stg_movings", {"moving_id"}},
    {"silver", "stg_inquiries", {"inquiry_id"}},
    {"silver", "int_contracts", {"moving_id"}},
    {"silver", "tenant_status_history", {"tenant_id", "valid_from"}},
    {"silver", "tenant_room_snapshot_daily", {"snapshot_date", "moving_id"}},
    {"gold", "daily_activity_summary", {"activity_date", "tenant_type"}},
    {"gold", "new_contracts", {"moving_id"}},
    {"gold", "moveouts", {"moving_id"}},
    {"gold", "moveout_notices", {"moving_id"}},
    {"gold", "tenant_status_transitions", {"tenant_id", "effective_date"}},
    {"gold", "moveout_analysis", {"moving_id"}},
    {"gold",
     "moveout_summary",
     {"moveout_month", "tenant_type", "rent_band", "age_band", "tenure_band"}},
}};

std::string shown(const std::optional<std::string>& value) {
  return value ? "'" + *value + "'" : "NULL";
}

using NamedRow = std::map<std::string, std::optional<std::string>>;  // by column
using KeyedRows = std::map<std::string, NamedRow>;                   // by the key, as text

KeyedRows keyed(const ResultTable& table, const std::vector<std::string>& key,
                const std::string& side, std::vector<std::string>& found) {
  KeyedRows rows;
  for (const auto& row : table.rows) {
    NamedRow named;
    for (std::size_t i = 0; i < row.size(); ++i) named[table.columns[i]] = row[i];
    std::vector<std::string> parts;
    for (const auto& column : key) parts.push_back(column + "=" + shown(named[column]));
    const std::string name = join(parts, ", ");
    if (!rows.emplace(name, std::move(named)).second) {
      found.push_back(name + " stands twice in what was " + side);
    }
  }
  return rows;
}

std::vector<std::string> columns_only_in(const ResultTable& one, const ResultTable& other,
                                         const std::string& side) {
  std::vector<std::string> found;
  for (const auto& column : one.columns) {
    if (std::find(other.columns.begin(), other.columns.end(), column) == other.columns.end()) {
      found.push_back(fmt::format("the column {} was only {}", column, side));
    }
  }
  return found;
}

std::string unequal_values(const NamedRow& published, const NamedRow& computed) {
  std::vector<std::string> parts;
  for (const auto& [column, value] : published) {
    const auto& other = computed.at(column);
    if (value != other) {
      parts.push_back(fmt::format("{} was published as {} and computed as {}", column, shown(value),
                                  shown(other)));
    }
  }
  return join(parts, ", ");
}

}  // namespace

std::span<const Figure> figures() {
  return all_figures;
}

std::vector<std::string> differences(const ResultTable& published, const ResultTable& computed,
                                     const std::vector<std::string>& key, std::size_t lines_max) {
  std::vector<std::string> found = columns_only_in(published, computed, "published");
  for (auto& line : columns_only_in(computed, published, "computed")) found.push_back(line);
  if (!found.empty()) return found;
  const KeyedRows ours = keyed(published, key, "published", found);
  const KeyedRows theirs = keyed(computed, key, "computed", found);
  for (const auto& [name, row] : ours) {
    const auto same = theirs.find(name);
    if (same == theirs.end()) {
      found.push_back(name + " was published and not computed");
    } else if (row != same->second) {
      found.push_back(name + ": " + unequal_values(row, same->second));
    }
  }
  for (const auto& [name, row] : theirs) {
    if (!ours.contains(name)) found.push_back(name + " was computed and not published");
  }
  if (found.size() > lines_max) {
    const std::size_t more = found.size() - lines_max;
    found.resize(lines_max);
    found.push_back(fmt::format("and {} more", more));
  }
  return found;
}

std::string FiguresHouse::date_of(int day) {
  return fmt::format("2026-02-{:02}", day);
}

FiguresHouse::FiguresHouse() {
  warehouse_.reset();
  // The loader makes its own, and here it is the first who comes.
  warehouse_.execute("DROP TABLE staging.pipeline_marker");
  for (const auto* folder : {"store/dumps", "store/processed"}) {
    fs::create_directories(warehouse_.file(folder));
  }
  client("USE staging;\n" + test::read_text_file(sql_dir + "other_systems.sql"));
  client(
      "CREATE DATABASE other_systems; CREATE TABLE other_systems.property_geo_latlon_backup AS "
      "SELECT * FROM staging.property_geo_latlon_backup;");
  client(test::read_text_file(sql_dir + "words.sql"));
  for (const char* seed : seeds) {
    client(
        fmt::format("LOAD DATA LOCAL INFILE '{}{}.csv' INTO TABLE expected.{} CHARACTER SET "
                    "utf8mb4 FIELDS TERMINATED BY ',' IGNORE 1 LINES;",
                    seeds_dir, seed, seed));
  }
}

void FiguresHouse::run_day(int day) {
  SCOPED_TRACE("day " + std::to_string(day));
  make_source(day);
  const auto loaded = warehouse_.run("staging_loader", {"--business-date", date_of(day)});
  EXPECT_TRUE(loaded.program.ok()) << loaded.program.text();
  warehouse_.build();
  compute(day);
}

void FiguresHouse::make_source(int day) {
  const auto made = test::run_program(
      {.argv = {PIPELINE_BIN_DIR "/make_source", "--scale", "0.002", "--seed", "1", "--day",
                std::to_string(day), "--date", date_of(day), "--tables", tables_that_models_read}});
  ASSERT_TRUE(made.ok()) << made.text();
  client(fmt::format(
      "SET foreign_key_checks = 0; DROP DATABASE IF EXISTS source; CREATE DATABASE source "
      "CHARACTER SET utf8mb4 COLLATE "
      "utf8mb4_unicode_ci;\nUSE source;\n{}\nSET @today = '{}';\n{}",
      made.out, date_of(day), test::read_text_file(sql_dir + "awkward_rows.sql")));
  const auto dumped = test::run_program(
      {.argv = {"/bin/bash", "-c",
                fmt::format("set -o pipefail; mariadb-dump --no-defaults --socket={} --user=root "
                            "--default-character-set=utf8mb4 --single-transaction source | gzip -1 "
                            ">{}/gghouse_{}.sql.gz",
                            warehouse_.server().socket(), warehouse_.file("store/dumps"),
                            replace_all(date_of(day), "-", ""))}});
  ASSERT_TRUE(dumped.ok()) << dumped.text();
}

void FiguresHouse::compute(int day) {
  std::string sql = fmt::format(
      "SET SESSION sql_mode = 'ONLY_FULL_GROUP_BY,ERROR_FOR_DIVISION_BY_ZERO'; USE expected; SET "
      "@today = '{}';\n{}",
      date_of(day), test::read_text_file(sql_dir + "days.sql"));
  for (const auto& figure : figures()) {
    sql += fmt::format("CREATE OR REPLACE TABLE {} AS\n{};\n", figure.name,
                       test::read_text_file(sql_dir + figure.name + ".sql"));
  }
  client(sql);
}

std::vector<std::string> FiguresHouse::compare(const Figure& figure) {
  Connection root = warehouse_.server().open_root();
  return differences(root.query("SELECT * FROM " + figure.table()),
                     root.query(std::string("SELECT * FROM expected.") + figure.name), figure.key);
}

void FiguresHouse::client(const std::string& sql) {
  warehouse_.server().run_sql(sql);
}

}  // namespace pipeline::bundled
