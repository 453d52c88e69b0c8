// The table of the fault matrix: set-ups, ways to fail, and the faults that they make together.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace pipeline::test {

enum class FaultHow { kill, term, error, server_killed };

/// A way to fail at a point.
struct FaultWay {
  std::string id;
  FaultHow how;
  std::vector<int> exits;  // what the command may end with; killed_exit stands for SIGKILL
};
inline constexpr int killed_exit = -9;

enum class TypeAgain { no, if_undone, always };

/// The words of a command of ours: "staging_loader", "load", ...
using CommandLine = std::vector<std::string>;

/// Statements of an administrator.
struct RootSql {
  std::string text;
};

/// A file below the folder of pipeline.yaml.
struct HouseFile {
  std::string path;
  std::string text;
};

using PrepareStep = std::variant<CommandLine, RootSql, HouseFile>;

/// What is running when the fault comes.
struct FaultSetUp {
  std::string id;
  std::vector<PrepareStep> prepare;  // what comes before, in order
  CommandLine command;
  TypeAgain again = TypeAgain::no;
  std::vector<CommandLine> then;    // typed between the fault and the next night; each succeeds
  int next_exit = 0;                // of the next night
  std::vector<std::string> points;  // only failpoints that begin like one of these; empty: all
  std::vector<int> exits;           // instead of the way's; empty: the way's
};

/// A failpoint that no command of the matrix passes, and the test program that breaks it.
struct Elsewhere {
  std::string point;
  std::string test;
};

struct FaultTable {
  std::vector<FaultWay> ways;
  std::vector<FaultSetUp> set_ups;
  std::vector<std::string> skip;     // failpoints that begin like these are not tried
  std::vector<std::string> retried;  // failpoints whose hits in a row count as one
  std::vector<Elsewhere> elsewhere;
};

/// One cell of the matrix.
struct Fault {
  const FaultSetUp* set_up;
  const FaultWay* way;
  std::string point;
  int hit;  // from 1

  /// "silver/publish_after_rename@1/kill"
  std::string id() const;
};

/// Throws config_invalid with file:line for a table that makes no sense.
FaultTable read_fault_table(const std::string& path);

/// The faults of one set-up whose undisturbed command passed these points in this order.
std::vector<Fault> faults_of(const FaultTable& table, const FaultSetUp& set_up,
                             const std::vector<std::string>& passed);

}  // namespace pipeline::test
