#include "bench/e2e/safety.h"

#include <cstdio>

#include <fmt/core.h>

#include "bench/e2e/measure.h"
#include "bench/e2e/report.h"
#include "common/mariadb/connection.h"

namespace pipeline::bench {
namespace {

constexpr const char* table = "tenant_room_snapshot_daily";

std::string value(Connection& root, const std::string& sql) {
  return root.query_value(sql).value_or("0");
}

double mebibytes(const std::string& bytes) {
  return std::stod(bytes) / (1024.0 * 1024.0);
}

/// The files of the tables whose names match, as the server has them on disk.
double size_on_disk(Connection& root, const std::string& pattern) {
  return mebibytes(value(root,
                         "SELECT SUM(FILE_SIZE) FROM information_schema.INNODB_SYS_TABLESPACES "
                         "WHERE NAME LIKE '" +
                             pattern + "'"));
}

/// From the first row of the journal to its last: the backups' checks, the RENAME, the catalogue.
std::string publishes(Connection& root) {
  std::string text = "| publish | tables | s |\n| --- | --- | --- |\n";
  const auto entries = root.query(
      "SELECT j.schema_name, j.business_date, COUNT(p.table_name), "
      "TIMESTAMPDIFF(MICROSECOND, j.created_at, j.closed_at) / 1e6 "
      "FROM pipeline.publish_journal j JOIN pipeline.published_table p USING (publish_id) "
      "WHERE j.kind = 'publish' GROUP BY j.publish_id ORDER BY j.publish_id");
  for (const auto& row : entries.rows) {
    text += fmt::format("| {}, {} | {} | {:.2f} |\n", *row[0], *row[1], *row[2],
                        std::stod(row[3].value_or("0")));
  }
  return text;
}

}  // namespace

std::string safety(Warehouse& house, const Settings& settings) {
  house.reset({house.dump(1, settings.scale, settings.changes),
               house.dump(2, settings.scale, settings.changes)});
  house.keep_a_vault();
  const auto run = [&](const char* program, const std::string& arguments) {
    return measure(house.command(program, arguments), house.server().pid(), house.log_file());
  };
  run("orchestrator", "run --date 2026-02-01");
  run("silver_transformer", "vault init");
  Connection root = house.server().open_root();
  const double vault_before = size_on_disk(root, "vault/%");
  run("orchestrator", "run --date 2026-02-02");
  const double vault_after = size_on_disk(root, "vault/%");

  Series backup{.name = fmt::format("`backup {}`, a copy", table), .runs = {}};
  Series restore{.name = fmt::format("`restore {} --at` that copy", table), .runs = {}};
  Series rebuild{.name = fmt::format("`restore {} --from-vault`", table), .runs = {}};
  for (int round = 1; round <= settings.runs; ++round) {
    house.settle();
    backup.runs.push_back(run("silver_transformer", fmt::format("backup {}", table)));
    const std::string copy = value(
        root,
        fmt::format("SELECT backup_name FROM pipeline.backup WHERE table_name = '{}' AND kind "
                    "= 'copied' AND put_back_at IS NULL ORDER BY publish_id DESC LIMIT 1",
                    table));
    house.settle();
    restore.runs.push_back(
        run("silver_transformer", fmt::format("restore {} --at {}", table, copy)));
    house.settle();
    rebuild.runs.push_back(run("silver_transformer",
                               fmt::format("restore {} --from-vault --as-of 2026-02-02", table)));
    fmt::print(stderr, "round {}: backup {:.1f} s, restore {:.1f} s, from the vault {:.1f} s\n",
               round, backup.runs.back().wall_s, restore.runs.back().wall_s,
               rebuild.runs.back().wall_s);
  }
  return table_of({backup, restore, rebuild}) + "\n" + publishes(root) +
         fmt::format(
             "\n{} has {} rows in {:.0f} MiB on disk. The vault took {:.0f} MiB for what was there "
             "on the first day and {:.1f} MiB ({} rows) for the second.\n",
             table, value(root, fmt::format("SELECT COUNT(*) FROM silver.{}", table)),
             size_on_disk(root, fmt::format("silver/{}", table)), vault_before,
             vault_after - vault_before,
             value(root,
                   "SELECT SUM(row_count) FROM vault.batch WHERE business_date = '2026-02-02' AND "
                   "kind = 'publish' AND generation = 2"));
}

}  // namespace pipeline::bench
