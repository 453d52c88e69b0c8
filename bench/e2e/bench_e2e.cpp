// Whole programs against their peers on one server, interleaved in one run: ./dev bench NAME.
#include <array>
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "bench/e2e/measure.h"
#include "bench/e2e/report.h"
#include "bench/e2e/safety.h"
#include "bench/e2e/warehouse.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/config/cli.h"

namespace pipeline::bench {
namespace {

/// One technique: what is made ready, and the command that is measured.
struct Technique {
  std::string name;
  std::vector<std::string> dumps;  // that wait in the store
  std::string command;
};

/// Each round runs every technique once, so that a slow minute of the machine hits all of them.
std::vector<Series> interleaved(Warehouse& house, const std::vector<Technique>& techniques,
                                int rounds) {
  std::vector<Series> all;
  for (const auto& technique : techniques) all.push_back({.name = technique.name, .runs = {}});
  for (int round = 1; round <= rounds; ++round) {
    for (std::size_t i = 0; i < techniques.size(); ++i) {
      house.reset(techniques[i].dumps);
      house.settle();
      all[i].runs.push_back(measure(techniques[i].command, house.server().pid(), house.log_file()));
      fmt::print(stderr, "round {}: {} {:.1f} s\n", round, techniques[i].name,
                 all[i].runs.back().wall_s);
    }
  }
  return all;
}

/// The first dump into an empty schema.
std::string loader(Warehouse& house, const Settings& settings) {
  const std::string dump = house.dump(1, settings.scale, settings.changes);
  return table_of(
      interleaved(house,
                  {{.name = "`zcat \\| mariadb`",
                    .dumps = {},
                    .command = fmt::format("zcat {} | {} peer", dump, house.client())},
                   {.name = "`staging_loader`, first load",
                    .dumps = {dump},
                    .command = house.command("staging_loader", "--business-date 2026-02-01")}},
                  settings.runs));
}

/// What `mariadb` needs for each day's dump, and the loader for the third day, on top of two that
/// it loaded, and for each day behind it: rows that changed, and a dump in which none did.
std::string daily(Warehouse& house, const Settings& settings) {
  constexpr int days = 4;
  std::vector<std::string> dumps;
  for (int day = 1; day <= days; ++day) {
    dumps.push_back(house.dump(day, settings.scale, settings.changes));
  }
  dumps.push_back(house.same_dump(days, days + 1, settings.scale, settings.changes));
  Series peer{.name = "`zcat \\| mariadb`, the third day", .runs = {}};
  std::vector<Series> ours{{.name = "`staging_loader`, the third day", .runs = {}},
                           {.name = "`staging_loader`, the fourth day", .runs = {}},
                           {.name = "`staging_loader`, a day without changes", .runs = {}}};
  const auto load = [&](int day) {
    // No layer above is built here.
    return house.command("staging_loader",
                         fmt::format("--business-date 2026-02-{:02} --newest-only bench", day));
  };
  for (int round = 1; round <= settings.runs; ++round) {
    house.reset(dumps);
    house.settle();
    peer.runs.push_back(measure(fmt::format("zcat {} | {} peer", dumps[2], house.client()),
                                house.server().pid(), house.log_file()));
    house.server().run_sql("DROP DATABASE peer; CREATE DATABASE peer");
    for (const int day : {1, 2}) measure(load(day), house.server().pid(), house.log_file());
    for (std::size_t i = 0; i < ours.size(); ++i) {
      house.settle();
      ours[i].runs.push_back(
          measure(load(static_cast<int>(i) + 3), house.server().pid(), house.log_file()));
      fmt::print(stderr, "round {}: {} {:.1f} s, mariadb {:.1f} s\n", round, ours[i].name,
                 ours[i].runs.back().wall_s, peer.runs.back().wall_s);
    }
  }
  std::vector<Series> all{std::move(peer)};
  for (auto& series : ours) all.push_back(std::move(series));
  return table_of(all);
}

/// The state machine from a waiting dump to published gold, then the same for the next day on top.
std::string whole_run(Warehouse& house, const Settings& settings) {
  const std::string first = house.dump(1, settings.scale, settings.changes);
  const std::string second = house.dump(2, settings.scale, settings.changes);
  std::vector<Series> days{{.name = "`orchestrator run`, first day", .runs = {}},
                           {.name = "`orchestrator run`, second day", .runs = {}}};
  for (int round = 1; round <= settings.runs; ++round) {
    house.reset({first, second});
    house.settle();
    const std::array dates{"2026-02-01", "2026-02-02"};
    for (std::size_t day = 0; day < dates.size(); ++day) {
      days[day].runs.push_back(
          measure(house.command("orchestrator", fmt::format("run --date {}", dates[day])),
                  house.server().pid(), house.log_file()));
      fmt::print(stderr, "round {}: {} {:.1f} s\n", round, days[day].name,
                 days[day].runs.back().wall_s);
    }
  }
  return table_of(days);
}

struct Scenario {
  std::string_view name;
  std::string_view title;
  std::string (*run)(Warehouse&, const Settings&);  // a table in Markdown
};

constexpr std::array scenarios{
    Scenario{"loader", "Loading a whole dump", loader},
    Scenario{"daily", "Loading the next day's dump", daily},
    Scenario{"run", "The whole run", whole_run},
    Scenario{"safety", "Publishing, backups, restores and the vault", safety},
};

CliSpec command_line() {
  CliSpec spec;
  spec.program = "bench_e2e";
  spec.summary = "Measures whole programs beside their peers.";
  spec.options = {
      {.name = "--scale", .value_name = "F", .help = "of the sample source (default 1.0)"},
      {.name = "--runs", .value_name = "N", .help = "rounds (default 5)"},
      {.name = "--changes", .value_name = "MODE", .help = "of day 2: random (default) or newest"},
      {.name = "--dumps",
       .value_name = "DIR",
       .help = "where dumps are kept from one run to the next (default: made anew)"},
      {.name = "--write", .kind = OptionKind::flag, .help = "into bench/RESULTS.md"}};
  for (const auto& scenario : scenarios) {
    spec.commands.push_back(
        {.name = std::string(scenario.name), .help = std::string(scenario.title)});
  }
  return spec;
}

template <typename Number>
Number number(const CliInvocation& asked, std::string_view option, Number otherwise) {
  const auto text = asked.value(option);
  if (!text) return otherwise;
  Number value{};
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (problem != std::errc() || end != text->data() + text->size() || value <= Number{}) {
    throw Error(ErrorKind::config_invalid, fmt::format("{} {} is no number", option, *text));
  }
  return value;
}

void run(const CliInvocation& asked, const std::vector<std::string>& arguments) {
  const Settings settings{.scale = number(asked, "--scale", 1.0),
                          .runs = number(asked, "--runs", 5),
                          .changes = asked.value("--changes").value_or("random")};
  for (const auto& scenario : scenarios) {
    if (scenario.name != asked.command) continue;
    Warehouse house(asked.value("--dumps").value_or(""));
    const std::string table = scenario.run(house, settings);
    const std::string section =
        fmt::format("Scale {}. {}.\nCommand: `./dev bench {}`\n\n{}", settings.scale,
                    circumstances(house.server_version()), join(arguments, " "), table);
    fmt::print("{}", section);
    if (asked.has("--write")) write_section(std::string(scenario.title), section);
  }
}

}  // namespace
}  // namespace pipeline::bench

int main(int argc, char** argv) {
  using namespace pipeline;
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const CliInvocation asked = parse_cli(bench::command_line(), arguments);
    if (asked.text_to_print) {
      fmt::print("{}", *asked.text_to_print);
      return 0;
    }
    bench::run(asked, arguments);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_e2e: {}\n", error.what());
    return 1;
  }
}
