// The helpers of the tests themselves: a helper that lies makes every test above it lie.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "common/base/error.h"
#include "tests/support/fake_clock.h"
#include "tests/support/golden.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_dir.h"

namespace pipeline::test {
namespace {

constexpr const char* die_as_owner_variable = "SUPPORT_TEST_DIE_AS_OWNER";

TEST(RunProgram, KeepsBothOutputsAndTheExitCode) {
  const auto result = run_program({.argv = {"sh", "-c", "echo out; echo err >&2; exit 7"}});
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.signal, std::nullopt);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_FALSE(result.ok());
}

TEST(RunProgram, PassesMoreInputThanAPipeHolds) {
  const std::string text(3'000'000, 'x');
  const auto result = run_program({.argv = {"cat"}, .standard_input = text});
  EXPECT_TRUE(result.ok());
  EXPECT_TRUE(result.out == text);
  EXPECT_TRUE(run_program({.argv = {"true"}, .standard_input = text}).ok());
}

TEST(RunProgram, GivesVariablesOnTopOrInsteadOfOurs) {
  const auto added = run_program(
      {.argv = {"sh", "-c", "echo $MINE; test -n \"$PATH\""}, .env = {{"MINE", "yes"}}});
  EXPECT_EQ(added.out, "yes\n");
  EXPECT_TRUE(added.ok());
  const auto replaced = run_program({.argv = {"/usr/bin/env"},
                                     .env = {{"MINE", "yes"}},
                                     .environment = ProgramToRun::Environment::replaced});
  EXPECT_EQ(replaced.out, "MINE=yes\n");
}

TEST(RunProgram, NamesTheSignalThatEndedTheProgram) {
  const auto result = run_program({.argv = {"sh", "-c", "kill -TERM $$"}});
  EXPECT_EQ(result.signal, SIGTERM);
  EXPECT_EQ(result.exit_code, std::nullopt);
}

TEST(RunProgram, EndsTheProgramAndItsChildrenAtTheTimeLimit) {
  const auto result = run_program({.argv = {"sh", "-c", "sleep 60 & echo $!; exec >&- 2>&-; wait"},
                                   .time_limit = std::chrono::milliseconds(200)});
  EXPECT_EQ(result.ended, ProgramResult::Ended::by_time_limit);
  EXPECT_EQ(result.signal, SIGKILL);
  EXPECT_LT(result.took, std::chrono::seconds(10));
}

TEST(RunProgram, ThrowsWhenThereIsNoSuchProgram) {
  EXPECT_THROW(run_program({.argv = {"/no/such/program"}}), Error);
}

TEST(Golden, ShowsTheFirstLineThatDiffers) {
  const TempDir dir;
  const auto file = dir.write("golden/report.txt", "one\ntwo\nthree\n");
  EXPECT_TRUE(equals_golden("one\ntwo\nthree\n", file));
  const auto differs = equals_golden("one\nTWO\nthree\n", file);
  EXPECT_FALSE(differs);
  EXPECT_NE(std::string(differs.message()).find("report.txt:2: expected \"two\", got \"TWO\""),
            std::string::npos)
      << differs.message();
  EXPECT_FALSE(equals_golden("one\ntwo\nthree", file)) << "the last newline counts";
  EXPECT_FALSE(equals_golden("", dir.file("golden/none.txt")));
}

TEST(Golden, IsRewrittenOnDemand) {
  const TempDir dir;
  ::setenv("PIPELINE_UPDATE_GOLDEN", "1", 1);
  EXPECT_TRUE(equals_golden("new\n", dir.file("new/folder/report.txt")));
  ::unsetenv("PIPELINE_UPDATE_GOLDEN");
  EXPECT_TRUE(equals_golden("new\n", dir.file("new/folder/report.txt")));
}

TEST(FakeClock, MovesOnlyWhenToldTo) {
  const auto start = std::chrono::system_clock::time_point(std::chrono::hours(24));
  FakeClock clock(start);
  EXPECT_EQ(clock.now(), start);
  clock.sleep_for(std::chrono::seconds(30));
  EXPECT_EQ(clock.now(), start + std::chrono::seconds(30));
  clock.set(start);
  EXPECT_EQ(clock.now(), start);
  EXPECT_EQ(clock.sleeps(), std::vector{std::chrono::milliseconds(30'000)});
}

TEST(TempDir, IsGoneWithItsContentAfterItsOwner) {
  std::string path;
  {
    const TempDir dir;
    path = dir.path();
    EXPECT_EQ(read_text_file(dir.write("a/b/c.txt", "text")), "text");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

/// False once the process is gone, or is nothing but an exit code that nobody has fetched.
bool runs(const std::string& pid) {
  try {
    return !read_text_file("/proc/" + pid + "/cmdline").empty();
  } catch (const std::exception&) {
    return false;
  }
}

TEST(MariadbServer, StopsAndStartsAgainWithItsData) {
  MariadbServer server;
  const auto first = std::to_string(server.pid());
  server.run_sql("CREATE DATABASE t; CREATE TABLE t.a (id INT); INSERT INTO t.a VALUES (1)");
  server.restart();
  EXPECT_FALSE(runs(first));
  server.open_root().execute("INSERT INTO t.a VALUES (2)");
  server.kill();
  server.start();
  EXPECT_EQ(server.open_root().query_value("SELECT COUNT(*) FROM t.a"), "2");
}

TEST(MariadbServer, TakesTextsAndFilesOfStatements) {
  MariadbServer server;
  const TempDir dir;
  const auto file = dir.write("x.sql", "CREATE DATABASE `@NAME@`;\nDELIMITER //\nSELECT 1//\n");
  server.run_sql_file(file, {{"@NAME@", "made"}});
  EXPECT_EQ(server.open_root().query_value("SHOW DATABASES LIKE 'made'"), "made");
  EXPECT_THROW(server.run_sql("SELECT FROM"), Error);
}

TEST(MariadbServer, AppliesTheGrantsWithAPasswordForEachAccount) {
  MariadbServer server;
  server.apply_grants({{"etl_load", "given-passw0rd"}});
  auto load = Connection::open(server.account_options("etl_load"));
  EXPECT_EQ(load.query_value("SELECT CURRENT_USER()").value_or("").substr(0, 9), "etl_load@");
  EXPECT_EQ(Connection::open(server.account_options("etl_build")).ping(), true);
  auto wrong = server.account_options("etl_load");
  wrong.account.password = Secret("pw_etl_load");
  EXPECT_THROW(Connection::open(wrong), Error);
}

TEST(MariadbServer, ToldABadOptionShowsTheServersLog) {
  try {
    MariadbServer server({.extra_arguments = {"--no-such-option=1"}});
    FAIL() << "it started";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_NE(error.message().find("no-such-option"), std::string::npos) << error.what();
  }
}

TEST(MariadbServer, DiesWithAnOwnerThatIsKilled) {
  const auto owner =
      run_program({.argv = {"/proc/self/exe"}, .env = {{die_as_owner_variable, "1"}}});
  ASSERT_EQ(owner.signal, SIGKILL) << owner.text();
  const auto space = owner.out.find(' ');
  ASSERT_NE(space, std::string::npos);
  const std::string pid = owner.out.substr(0, space);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (runs(pid) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_FALSE(runs(pid));
  // The owner had no time to clean up.
  const std::filesystem::path socket = owner.out.substr(space + 1);
  std::filesystem::remove_all(socket.parent_path());
}

/// What the child process of DiesWithAnOwnerThatIsKilled does.
int die_as_owner() {
  const MariadbServer server;
  std::printf("%d %s", server.pid(), server.socket().c_str());
  std::fflush(stdout);
  ::kill(::getpid(), SIGKILL);
  return 0;
}

}  // namespace
}  // namespace pipeline::test

int main(int argc, char** argv) {
  if (std::getenv(pipeline::test::die_as_owner_variable) != nullptr)
    return pipeline::test::die_as_owner();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
