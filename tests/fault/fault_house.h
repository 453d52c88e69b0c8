// A pipeline of three days with a vault, put into any set-up of the fault matrix again and again.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/fault/fault_table.h"
#include "tests/integration/restore_house.h"

namespace pipeline::test {

/// What readers can see, layer by layer: "staging", "silver" (with the seeds), "gold" -> the bytes
/// of each table and the text of each view, and the day that the layer's marker shows. What models
/// change in place changes on its own, so silver.visits is the layer "in_place".
using Picture = std::map<std::string, std::string>;

class FaultHouse {
 public:
  FaultHouse();

  /// The state in which the command of `set_up` is started.
  void enter(const FaultSetUp& set_up);

  /// Runs a command of our programs to its end.
  ProgramResult type(const CommandLine& command,
                     const std::map<std::string, std::string>& env = {});
  /// The same beside this thread; `meanwhile` runs while it does.
  ProgramResult type_and(const CommandLine& command, const std::map<std::string, std::string>& env,
                         const std::function<void()>& meanwhile);

  Picture picture();
  /// Views `v__next` and `v__old` that stand in a live schema, tables in the scratch schema and
  /// publishes that the journal does not close; empty if there are none.
  std::string left_over();
  /// Waits until no program of this pipeline runs any more.
  void wait_until_quiet() const;

  /// One statement whose only row has, for each layer of a picture, one column that a reader must
  /// find either old or new; of the tables that are there now.
  std::string readers_statement();
  static std::vector<std::string> readers_columns() {
    return {"staging", "silver", "gold", "in_place"};
  }

  std::string file(const std::string& name) const { return house_.file(name); }
  RestoreHouse& base() { return house_; }

 private:
  void save(const std::string& name);
  void load(const std::string& name);
  void prepare(const PrepareStep& step);
  bool exists(const std::string& schema, const std::string& table);
  ProgramToRun program(const CommandLine& command,
                       const std::map<std::string, std::string>& env) const;

  RestoreHouse house_;
  std::vector<std::string> saved_;
};

}  // namespace pipeline::test
