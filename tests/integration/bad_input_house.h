// A small installation that tests break in one place at a time, and what its
// programs said then.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "common/base/json.h"
#include "common/stage/stage_result.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_dir.h"

namespace pipeline {

/// What is started.
struct Start {
  std::string program;  // "staging_loader"
  std::vector<std::string> arguments;
  std::map<std::string, std::string> env = {};
  /// Comes before the program: a shell that sets a limit.
  std::vector<std::string> wrapper = {};
  enum class Config { named, not_named } config = Config::named;
  enum class ResultFile { named, not_named } result_file = ResultFile::named;
};

/// How it ended.
struct Said {
  test::ProgramResult program;
  std::vector<Json> lines;            // of standard error, each a JSON object
  std::vector<std::string> no_lines;  // what stands there and is none
  std::optional<StageResult> result;

  /// The messages of one level.
  std::vector<std::string> messages(std::string_view level) const;
  /// All of standard error, for failures of a test.
  std::string text() const { return program.text(); }
};

/// What a refusal must look like.
struct Refusal {
  std::string error;              // "Pipeline.ConfigInvalid"
  std::vector<std::string> says;  // all of it, in one line
  /// one: the error is all that standard error holds. some: a run that has
  /// begun told of that.
  enum class OtherLines { none, some } other_lines = OtherLines::none;
};

/// The four programs, each with the command of an ordinary day.
std::vector<Start> all_programs();
/// The three stages.
std::vector<Start> all_stages();
Start start_of(const std::string& program, std::vector<std::string> arguments = {});

/// A configuration, a state machine, a store with one dump and a dbt project in
/// one folder.
class BadInputHouse {
 public:
  /// `socket`: of the server; a path at which nobody listens if there is none.
  explicit BadInputHouse(std::string socket = "/nobody/listens/here");

  /// All files as on the first day.
  void reset();
  void write(const std::string& name, std::string_view text) const { dir_.write(name, text); }
  void remove(const std::string& name) const;
  std::string text_of(const std::string& name) const;
  /// The file with one text replaced, which it must hold.
  void change(const std::string& name, const std::string& from, const std::string& to) const;
  std::string file(const std::string& name) const { return dir_.file(name); }
  const std::string& folder() const { return dir_.path(); }

  Said run(const Start& start) const;
  /// The program as it would be run, with its configuration and result file.
  test::ProgramToRun program(const Start& start) const;
  Said heard(test::ProgramResult ended, const std::string& result_file) const;

  /// The names of what lies in the store, folders too, and the bytes of the files.
  std::string store() const;

 private:
  std::string socket_;
  test::TempDir dir_;
};

/// Fails the test unless the program ended as the refusal says: its exit code,
/// one line of level error with all words, the same in the result file of a
/// stage, and no secret anywhere.
void expect_refusal(const Start& start, const Said& said, const Refusal& refusal);

/// A dump of one table.
std::string small_dump();
std::string gzipped(std::string_view text);

}  // namespace pipeline
