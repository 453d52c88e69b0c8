#include "bench/e2e/safety.h"

#include <cstdio>

#include <fmt/core.h>

#include "bench/e2e/measure.h"
#include "bench/e2e/report.h"
#include "bench/e2e/swap.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "common/io/file.h"
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

constexpr double big_table_mib = 80;

/// Days before those that were loaded, until the table is as large as the largest one of the
/// replaced system was.
void grow(Connection& root) {
  const std::string live = fmt::format("silver.{}", table);
  root.execute(
      fmt::format("CREATE TABLE peer.day AS SELECT * FROM {} WHERE snapshot_date = "
                  "(SELECT MAX(snapshot_date) FROM {})",
                  live, live));
  for (int day = 10; size_on_disk(root, fmt::format("silver/{}", table)) < big_table_mib; ++day) {
    root.execute(
        fmt::format("UPDATE peer.day SET snapshot_date = DATE_SUB('2026-02-01', INTERVAL "
                    "{} DAY)",
                    day));
    root.execute(fmt::format("INSERT INTO {} SELECT * FROM peer.day", live));
  }
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

  const std::string growth =
      value(root,
            "SELECT SUM(row_count) FROM vault.batch WHERE business_date = '2026-02-02' AND kind = "
            "'publish' AND generation = 2");
  const std::string published = publishes(root);

  grow(root);
  // The records learn what was added by hand: once, outside of the measured rounds.
  run("silver_transformer", fmt::format("backup {}", table));
  run("silver_transformer", fmt::format("restore {}", table));
  Series peer{.name = "`CREATE TABLE ... AS SELECT`, as the replaced system", .runs = {}};
  Series backup{.name = fmt::format("`backup {}`, a copy", table), .runs = {}};
  Series restore{.name = fmt::format("`restore {} --at` that copy", table), .runs = {}};
  std::vector<std::string> live_after_ms;
  for (int round = 1; round <= settings.runs; ++round) {
    house.settle();
    root.execute("DROP TABLE IF EXISTS peer.copy");
    peer.runs.push_back(measure(fmt::format("{} -e \"CREATE TABLE peer.copy AS SELECT *, NOW() AS "
                                            "backup_created_at FROM silver.{}\"",
                                            house.client(), table),
                                house.server().pid(), house.log_file()));
    house.settle();
    backup.runs.push_back(run("silver_transformer", fmt::format("backup {}", table)));
    const std::string copy = value(
        root,
        fmt::format("SELECT backup_name FROM pipeline.backup WHERE table_name = '{}' AND kind "
                    "= 'copied' AND put_back_at IS NULL ORDER BY publish_id DESC LIMIT 1",
                    table));
    house.settle();
    const std::string result = house.file("restore.json");
    restore.runs.push_back(
        run("silver_transformer",
            fmt::format("restore {} --at {} --result-file {}", table, copy, result)));
    live_after_ms.push_back(
        std::to_string(Json::parse(read_file(result)).at("output").at("live_after_ms").as_int()));
    fmt::print(stderr, "round {}: peer {:.1f} s, backup {:.1f} s, restore {:.1f} s\n", round,
               peer.runs.back().wall_s, backup.runs.back().wall_s, restore.runs.back().wall_s);
  }
  const double on_disk = size_on_disk(root, fmt::format("silver/{}", table));
  const std::string rows = value(root, fmt::format("SELECT COUNT(*) FROM silver.{}", table));
  house.reset({});
  return table_of({peer, backup, restore}) +
         fmt::format(
             "\n{} had {} rows in {:.0f} MiB on disk, most of them added by hand. The restores had "
             "them "
             "back {} ms after they began; then they compared them with what was live.\n\n",
             table, rows, on_disk, join(live_after_ms, ", ")) +
         publish_of_twenty(house, settings) + "\nThe publishes of the two days before:\n\n" +
         published +
         fmt::format(
             "\nThe vault took {:.0f} MiB for what was there on the first day and {:.1f} MiB "
             "({} rows) for the second.\n",
             vault_before, vault_after - vault_before, growth);
}

}  // namespace pipeline::bench
