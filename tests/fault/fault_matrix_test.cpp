// Ends each command of the pipeline at each failpoint in each way, and looks whether data is lost.
//
// After each fault: the layers that readers see are old or new, each as a whole; a reader who polls
// all the while saw nothing else and no error; the command said one of the things that the table
// allows, and no secret; the next night ends in the bytes of a run that nothing disturbed; and it
// leaves no publish open and nothing half made.
//
//   fault_matrix                               a sample; its seed is printed
//   PIPELINE_FAULTS=all fault_matrix           the whole matrix
//   PIPELINE_FAULTS=3/10 fault_matrix          the third of ten parts of it
//   PIPELINE_FAULTS=500 PIPELINE_FAULT_SEED=7 fault_matrix   that many, the same ones again
//   PIPELINE_FAULT=silver/publish_after_rename@1/kill fault_matrix   one
//   PIPELINE_FAULT=silver/ fault_matrix        all whose names begin so; with PIPELINE_FAULTS, of
//   them
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <thread>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "tests/fault/fault_house.h"
#include "tests/fault/fault_table.h"
#include "tests/support/polling_reader.h"
#include "tests/support/temp_dir.h"

namespace pipeline::test {
namespace {

namespace fs = std::filesystem;

const CommandLine next_night{"orchestrator", "run", "--date", "2026-02-04"};
const CommandLine check_vault{"silver_transformer", "vault", "check"};
constexpr std::size_t sample_size = 8;
constexpr auto between_reads = std::chrono::milliseconds(5);
constexpr const char* part_of_every_password = "pw_etl_";

/// What a set-up's command does when nothing disturbs it.
struct Undisturbed {
  Picture before;
  Picture after;
  Picture next_day;
  std::vector<std::string> passed;  // failpoints, in order
  std::string readers;              // statement
  std::vector<std::string> seen_before;
  std::vector<std::string> seen_after;
};

class FaultMatrix : public testing::Test {
 protected:
  static FaultHouse& house() {
    static FaultHouse instance;
    return instance;
  }
  static const FaultTable& table() {
    static const FaultTable instance =
        read_fault_table(PIPELINE_SOURCE_DIR "/tests/fault/faults.yaml");
    return instance;
  }

  /// Columns of a readers' statement as they are now.
  static std::vector<std::string> readers_row(const std::string& statement) {
    return columns(house().base().rows(statement));
  }
  static std::vector<std::string> columns(const std::string& row) {
    return split(std::string(trim(row)), '|');
  }

  static const Undisturbed& undisturbed(const FaultSetUp& set_up) {
    static std::map<std::string, Undisturbed> known;
    const auto found = known.find(set_up.id);
    if (found != known.end()) return found->second;
    Undisturbed twin;
    const std::string trace = house().file("trace." + set_up.id);
    house().enter(set_up);
    twin.before = house().picture();
    twin.readers = house().readers_statement();
    twin.seen_before = readers_row(twin.readers);
    const auto result = house().type(set_up.command, {{"PIPELINE_FAILPOINT_TRACE", trace}});
    EXPECT_TRUE(result.ok()) << set_up.id << ": " << result.text();
    twin.after = house().picture();
    twin.seen_after = readers_row(twin.readers);
    type_what_follows(set_up);
    twin.next_day = house().picture();
    for (const auto& line : split(read_text_file(trace), '\n')) {
      if (!line.empty()) twin.passed.push_back(line);
    }
    return known.emplace(set_up.id, std::move(twin)).first->second;
  }

  /// The faults whose names begin like `prefix`.
  static std::vector<Fault> all_faults(const std::string& prefix) {
    std::vector<Fault> all;
    for (const auto& set_up : table().set_ups) {
      const std::string id = set_up.id + "/";
      if (!id.starts_with(prefix) && !prefix.starts_with(id)) continue;
      const auto some = faults_of(table(), set_up, undisturbed(set_up).passed);
      std::ranges::copy_if(some, std::back_inserter(all),
                           [&](const Fault& fault) { return fault.id().starts_with(prefix); });
    }
    return all;
  }

  /// What comes behind a set-up's command, whether it was disturbed or not.
  static void type_what_follows(const FaultSetUp& set_up) {
    for (const auto& command : set_up.then) {
      const auto result = house().type(command);
      EXPECT_TRUE(result.ok()) << join(command, " ") << ": " << result.text();
    }
    const auto next = house().type(next_night);
    EXPECT_EQ(next.exit_code, set_up.next_exit) << "the next night: " << next.text();
    EXPECT_EQ(house().left_over(), "") << "the next night";
  }

  /// Runs the command into the fault; killing the server is done from here, at the point.
  static ProgramResult run_into(const Fault& fault) {
    const auto armed = [&](const char* action) {
      return std::map<std::string, std::string>{
          {"PIPELINE_FAILPOINT", fmt::format("{}:{}@{}", fault.point, action, fault.hit)}};
    };
    const CommandLine& command = fault.set_up->command;
    switch (fault.way->how) {
      case FaultHow::kill:
        return house().type(command, armed("kill"));
      case FaultHow::term:
        return house().type(command, armed("term"));
      case FaultHow::error:
        return house().type(command, armed("error"));
      case FaultHow::server_killed:
        break;
    }
    const std::string trace = house().file("trace");
    const std::string gate = house().file("gate");
    fs::remove(trace);
    fs::remove(gate);
    auto env = armed("pause");
    env["PIPELINE_FAILPOINT_TRACE"] = trace;
    env["PIPELINE_FAILPOINT_GATE"] = gate;
    return house().type_and(command, env, [&] {
      wait_for_hit(trace, fault);
      house().base().server().kill();
      house().base().server().start();
      house().base().reconnect();
      house().base().write("gate", "");
    });
  }

  static void wait_for_hit(const std::string& trace, const Fault& fault) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (;;) {
      const auto lines =
          fs::exists(trace) ? split(read_text_file(trace), '\n') : std::vector<std::string>{};
      if (std::ranges::count(lines, fault.point) >= fault.hit) return;
      if (std::chrono::steady_clock::now() > deadline) {
        throw std::runtime_error("the command did not come to " + fault.id());
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  static void expect_ended_as_the_table_says(const Fault& fault, const ProgramResult& ended) {
    const auto& exits = fault.set_up->exits.empty() ? fault.way->exits : fault.set_up->exits;
    const int exit = ended.signal == 9 ? killed_exit : ended.exit_code.value_or(-1);
    EXPECT_THAT(exits, testing::Contains(exit)) << ended.text();
    EXPECT_EQ(ended.ended, ProgramResult::Ended::by_itself);
    EXPECT_THAT(ended.out + ended.err, testing::Not(testing::HasSubstr(part_of_every_password)));
  }

  static void expect_old_or_new(const Undisturbed& twin) {
    for (const auto& [layer, text] : house().picture()) {
      EXPECT_THAT(text, testing::AnyOf(twin.before.at(layer), twin.after.at(layer)))
          << layer << " is neither as before nor as after";
    }
  }

  static void expect_readers_saw_only_whole_layers(const Undisturbed& twin, const Fault& fault,
                                                   const PollingReader& reader) {
    for (const auto& row : reader.observations()) {
      const auto seen = columns(row);
      ASSERT_EQ(seen.size(), twin.seen_before.size()) << row;
      for (std::size_t i = 0; i < seen.size(); ++i) {
        EXPECT_THAT(seen[i], testing::AnyOf(twin.seen_before[i], twin.seen_after[i]))
            << "a reader of " << FaultHouse::readers_columns()[i];
      }
    }
    if (fault.way->how != FaultHow::server_killed) {
      EXPECT_THAT(reader.errors(), testing::IsEmpty());
      EXPECT_GT(reader.turns(), 0U);
    }
  }

  static void type_again(const Fault& fault, const Undisturbed& twin) {
    const bool undone = house().picture() == twin.before;
    switch (fault.set_up->again) {
      case TypeAgain::no:
        return;
      case TypeAgain::if_undone:
        if (!undone) return;
        break;
      case TypeAgain::always:
        break;
    }
    const auto again = house().type(fault.set_up->command);
    EXPECT_TRUE(again.ok()) << "typed again: " << again.text();
    EXPECT_EQ(house().picture(), twin.after) << "typed again";
  }

  static void try_fault(const Fault& fault) {
    SCOPED_TRACE("PIPELINE_FAULT=" + fault.id());
    const Undisturbed& twin = undisturbed(*fault.set_up);
    house().enter(*fault.set_up);
    PollingReader reader(house().base().server().root_options(), {twin.readers}, between_reads);
    expect_ended_as_the_table_says(fault, run_into(fault));
    house().wait_until_quiet();
    expect_old_or_new(twin);
    type_again(fault, twin);
    reader.stop();
    expect_readers_saw_only_whole_layers(twin, fault, reader);

    type_what_follows(*fault.set_up);
    EXPECT_EQ(house().picture(), twin.next_day) << "the next night";
    const auto vault = house().type(check_vault);
    EXPECT_TRUE(vault.ok()) << vault.text();
  }
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// One of several parts of equal size, each with some of every set-up.
std::vector<Fault> part_of(const std::vector<Fault>& faults, const std::vector<std::string>& part) {
  const std::size_t number = std::stoul(part.at(0));
  const std::size_t parts = std::stoul(part.at(1));
  if (number == 0 || number > parts) throw std::invalid_argument("PIPELINE_FAULTS");
  std::vector<Fault> chosen;
  for (std::size_t i = number - 1; i < faults.size(); i += parts) chosen.push_back(faults[i]);
  return chosen;
}

std::vector<Fault> sample_of(std::vector<Fault> faults, std::size_t size) {
  const std::string given = variable("PIPELINE_FAULT_SEED");
  const auto seed = given.empty() ? std::random_device{}() : std::stoul(given);
  fmt::print("PIPELINE_FAULT_SEED={}\n", seed);
  std::shuffle(faults.begin(), faults.end(), std::mt19937_64(seed));
  faults.resize(std::min(faults.size(), size));
  return faults;
}

/// What the environment asks for, of these.
std::vector<Fault> chosen_of(const std::vector<Fault>& faults) {
  const std::string count = variable("PIPELINE_FAULTS");
  if (count == "all" || (count.empty() && !variable("PIPELINE_FAULT").empty())) return faults;
  if (const auto part = split(count, '/'); part.size() == 2) return part_of(faults, part);
  return sample_of(faults, count.empty() ? sample_size : std::stoul(count));
}

TEST_F(FaultMatrix, EachFaultLeavesOldOrNewAndTheNextNightEndsInTheBytesOfAnUndisturbedOne) {
  const auto all = all_faults(variable("PIPELINE_FAULT"));
  ASSERT_FALSE(all.empty()) << "no fault is called " << variable("PIPELINE_FAULT");
  const auto faults = chosen_of(all);
  fmt::print("{} of {} faults\n", faults.size(), all.size());
  for (const auto& fault : faults) {
    const auto begun = std::chrono::steady_clock::now();
    try {
      try_fault(fault);
    } catch (const std::exception& error) {
      ADD_FAILURE() << fault.id() << ": " << error.what();
    }
    fmt::print("{} {:.1f} s\n", fault.id(),
               std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  }
}

TEST_F(FaultMatrix, TellsALayerThatIsHalfOld) {
  const FaultSetUp& silver = *std::ranges::find(table().set_ups, "silver", &FaultSetUp::id);
  const Undisturbed& twin = undisturbed(silver);
  house().enter(silver);
  EXPECT_EQ(house().picture(), twin.before);
  ASSERT_TRUE(house().type(silver.command).ok());
  EXPECT_EQ(house().picture(), twin.after);
  const std::string yesterday = house().base().value(
      "SELECT backup_name FROM pipeline.backup WHERE schema_name = 'silver' AND table_name = "
      "'days' ORDER BY publish_id DESC LIMIT 1");
  house().base().root().execute(fmt::format(
      "RENAME TABLE silver.days TO silver__next.days_of_today, silver.{} TO silver.days",
      yesterday));
  const Picture mixed = house().picture();
  EXPECT_NE(mixed.at("silver"), twin.before.at("silver"));
  EXPECT_NE(mixed.at("silver"), twin.after.at("silver"));
  EXPECT_EQ(mixed.at("gold"), twin.after.at("gold"));
  const auto seen = readers_row(twin.readers);
  EXPECT_NE(seen.at(1), twin.seen_before.at(1));
  EXPECT_NE(seen.at(1), twin.seen_after.at(1));
}

TEST_F(FaultMatrix, PassesEveryFailpointOfTheProgramsOrNamesTheTestThatDoes) {
  std::set<std::string> passed;
  for (const auto& [point, test] : table().elsewhere) passed.insert(point);
  for (const auto& set_up : table().set_ups) {
    const auto& points = undisturbed(set_up).passed;
    passed.insert(points.begin(), points.end());
  }
  const std::regex call(R"(failpoint\(\"([^\"]+)\"\))");
  for (const char* folder : {"stages", "orchestrator"}) {
    for (const auto& entry :
         fs::recursive_directory_iterator(std::string(PIPELINE_SOURCE_DIR "/") + folder)) {
      if (entry.path().extension() != ".cpp") continue;
      const std::string text = read_text_file(entry.path().string());
      for (std::sregex_iterator match(text.begin(), text.end(), call), end; match != end; ++match) {
        EXPECT_TRUE(passed.contains((*match)[1].str()))
            << (*match)[1].str() << " in " << entry.path().string();
      }
    }
  }
}

TEST_F(FaultMatrix, NamesForWhatIsBrokenElsewhereATestThatBreaksItAndNothingThatIsBrokenHere) {
  std::set<std::string> passed;
  for (const auto& set_up : table().set_ups) {
    const auto& points = undisturbed(set_up).passed;
    passed.insert(points.begin(), points.end());
  }
  for (const auto& [point, test] : table().elsewhere) {
    SCOPED_TRACE(point);
    const std::string source = PIPELINE_SOURCE_DIR "/tests/integration/" + test + ".cpp";
    ASSERT_TRUE(fs::exists(source)) << source;
    EXPECT_THAT(read_text_file(source), testing::HasSubstr(point)) << test << " does not name it";
    EXPECT_FALSE(passed.contains(point)) << "a command of the matrix passes it";
  }
}

}  // namespace
}  // namespace pipeline::test
