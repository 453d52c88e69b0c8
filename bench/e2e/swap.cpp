#include "bench/e2e/swap.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include <fmt/core.h>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/publication.h"
#include "stages/publish/run_lock.h"

namespace pipeline::bench {
namespace {

using publish::SwappedOut;

constexpr int tables = 20;
constexpr int rows = 1000;

struct Times {
  std::vector<double> whole_ms;
  std::vector<double> rename_ms;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

publish::Publication candidates(Connection& build, std::uint64_t generation,
                                SwappedOut swapped_out) {
  const publish::Marker marker{.generation = generation,
                               .upstream_generation = generation,
                               .run_id = fmt::format("bench-{}", generation),
                               .business_date = *BusinessDate::parse("2026-02-01")};
  publish::Publication publication{.run_id = marker.run_id};
  for (int i = 0; i < tables; ++i) {
    const TableName live{"silver", fmt::format("bench_{}", i)};
    const std::string candidate = publish::in_shadow(live).quoted();
    build.execute(
        fmt::format("CREATE TABLE {} (id INT NOT NULL PRIMARY KEY, generation INT NOT NULL, "
                    "text VARCHAR(200) NOT NULL)",
                    candidate));
    build.execute(
        fmt::format("INSERT INTO {} SELECT seq, {}, REPEAT('x', 200) FROM silver__next.seq_1_to_{}",
                    candidate, generation, rows));
    publication.tables.push_back({.live = live,
                                  .swapped_out = swapped_out,
                                  .contents = swapped_out == SwappedOut::backup
                                                  ? publish::Contents::accumulated
                                                  : publish::Contents::rebuilt});
  }
  publish::write_candidate_marker(build, "silver", marker);
  publication.markers = {{"silver", marker}};
  return publication;
}

Times publish_rounds(Warehouse& house, int rounds, SwappedOut swapped_out,
                     std::uint64_t& generation) {
  Connection build = Connection::open(house.server().account_options("etl_build"));
  Connection session = Connection::open(house.server().account_options("etl_publish"));
  publish::take_run_locks(session, {"silver"});
  Times times;
  for (int round = 0; round < rounds; ++round) {
    const auto publication = candidates(build, ++generation, swapped_out);
    house.settle();
    const auto begin = std::chrono::steady_clock::now();
    const auto report = publish::publish(session, publication, {.clock = system_clock()});
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    times.whole_ms.push_back(took.count());
    times.rename_ms.push_back(static_cast<double>(report.rename_duration.count()));
  }
  return times;
}

std::string line(const std::string& name, const Times& times) {
  return fmt::format("| {} | {} | {:.0f} | {:.0f} |\n", name, times.whole_ms.size(),
                     median(times.whole_ms), median(times.rename_ms));
}

}  // namespace

std::string publish_of_twenty(Warehouse& house, const Settings& settings) {
  std::uint64_t generation = 0;
  publish_rounds(house, 1, SwappedOut::dropped, generation);  // nothing is live before the first
  const Times plain = publish_rounds(house, settings.runs, SwappedOut::dropped, generation);
  const Times kept = publish_rounds(house, settings.runs, SwappedOut::backup, generation);
  return fmt::format(
             "| publish of {} tables of {} rows | runs | whole ms (median) | its RENAME ms "
             "(median) |\n"
             "| --- | --- | --- | --- |\n",
             tables, rows) +
         line("what was live is dropped", plain) +
         line("what was live becomes a verified backup", kept);
}

}  // namespace pipeline::bench
