// Disks that are full, of the history, the result file, the logs, the artifacts
// and the store: the code says so, no layer is half published, and the next run
// goes on.
//
// A limit on the size of files gives EFBIG to everybody, root or not; a file
// system of some pages gives ENOSPC, and needs the right to mount one.
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/core.h>

#include "common/base/text.h"
#include "tests/integration/bad_warehouse.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;

/// Enough for a run once there is room again.
constexpr int roomy = 8192;

/// No file of the program and its children may grow past `kibibytes`.
Start limited(Start start, int kibibytes) {
  start.wrapper = {"/bin/bash", "-c",
                   fmt::format("trap '' XFSZ; ulimit -f {}; exec \"$@\"", kibibytes), "limited"};
  return start;
}

/// A small file system over a folder, as long as the object lives.
class SmallDisk {
 public:
  SmallDisk(std::string folder, int kibibytes) : folder_(std::move(folder)) {
    fs::create_directories(folder_);
    mounted_ = ::mount("none", folder_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV,
                       fmt::format("size={}k", kibibytes).c_str()) == 0;
    if (!mounted_) why_ = std::strerror(errno);
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  const std::string& why() const { return why_; }

  void fill() const {
    const int fd = ::open((folder_ + "/filler").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const std::string piece(4096, 'x');
    while (::write(fd, piece.data(), piece.size()) > 0) {
    }
    ::close(fd);
  }
  void make_room() const { fs::remove(folder_ + "/filler"); }

 private:
  std::string folder_;
  bool mounted_ = false;
  std::string why_;
};

#define SKIP_UNLESS_MOUNTED(disk) \
  if (!(disk).mounted()) GTEST_SKIP() << "a file system cannot be mounted here: " << (disk).why()

class FullDisk : public BadWarehouseTest {
 protected:
  /// What all tables must hold where staging, silver and gold show these dates.
  static std::string whole_of(const std::string& dates) {
    const auto days = split(dates, ' ');
    const auto second = [&](std::size_t layer) { return days.at(layer) == "2026-02-02"; };
    return fmt::format(
        "staging.tenants\n{}seeds.code_status\n1|asked|\n7|lives there|\nsilver.counts\n{}"
        "gold.summary\n{}",
        second(0) ? "1|7|\n2|7|\n3|1|\n" : "1|1|\n2|7|\n",
        second(1) ? "1|asked|1|\n7|lives there|2|\n" : "1|asked|1|\n7|lives there|1|\n",
        second(2) ? "3|\n" : "2|\n");
  }
  /// The next run ends as an undisturbed one does.
  void expect_recovered() {
    expect_green(second_day("orchestrator"));
    EXPECT_EQ(warehouse_.dates(), "2026-02-02 2026-02-02 2026-02-02");
    EXPECT_EQ(warehouse_.content(), whole_of("2026-02-02 2026-02-02 2026-02-02"));
  }
};

TEST_F(FullDisk, OfTheHistoryEndsTheOrchestratorBeforeAnythingIsBegun) {
  SmallDisk disk(house_.file("state"), roomy);
  SKIP_UNLESS_MOUNTED(disk);
  disk.fill();
  expect_refused(second_day("orchestrator"),
                 {.error = "Pipeline.ResourceExhausted",
                  .says = {"the run history " + house_.file("state/history.sqlite"),
                           "free space on its disk"}});
  disk.make_room();
  expect_recovered();
}

TEST_F(FullDisk, AtAnySizeOfTheHistoryHalfPublishesNothing) {
  int refused = 0;
  for (const int kibibytes : {0, 1, 8, 24, 32, 40, 48, 64}) {
    SCOPED_TRACE(kibibytes);
    warehouse_.house().remove("state");
    const Start start = limited(second_day("orchestrator"), kibibytes);
    const Said said = house_.run(start);
    if (said.program.ok()) break;
    ++refused;
    expect_refusal(start, said,
                   {.error = "Pipeline.ResourceExhausted",
                    .says = {"free space on its disk"},
                    .other_lines = Refusal::OtherLines::some});
    EXPECT_EQ(warehouse_.content(), whole_of(warehouse_.dates()));
  }
  EXPECT_GE(refused, 3) << "the limits must bite";
  expect_recovered();
}

TEST_F(FullDisk, OfTheResultFileStopsAStageBeforeItBegins) {
  const auto with_result_at = [](Start start, const std::string& file) {
    start.result_file = Start::ResultFile::not_named;
    start.arguments.insert(start.arguments.end(), {"--result-file", file});
    return start;
  };
  for (const auto& start : all_stages()) {
    expect_refused(limited(with_result_at(second_day(start.program), house_.file("r.json")), 0),
                   {.error = "Pipeline.ResourceExhausted",
                    .says = {"nothing is begun", "File too large", "--result-file names it"}});
  }
  SmallDisk disk(house_.file("small"), roomy);
  SKIP_UNLESS_MOUNTED(disk);
  disk.fill();
  for (const auto& start : all_stages()) {
    expect_refused(with_result_at(second_day(start.program), house_.file("small/r.json")),
                   {.error = "Pipeline.ResourceExhausted",
                    .says = {"nothing is begun", "No space left on device"}});
  }
  expect_recovered();
}

TEST_F(FullDisk, OfTheArtifactsStopsALayerBeforeItIsPublished) {
  for (const auto* program : {"silver_transformer", "gold_transformer"}) {
    Start start = limited(second_day(program), 0);
    start.result_file = Start::ResultFile::not_named;
    expect_refused(start, {.error = "Pipeline.ResourceExhausted",
                           .says = {"target/", "File too large"},
                           .other_lines = Refusal::OtherLines::some});
  }
  SmallDisk disk(house_.file("target"), roomy);
  SKIP_UNLESS_MOUNTED(disk);
  disk.fill();
  for (const auto* program : {"silver_transformer", "gold_transformer"}) {
    expect_refused(second_day(program), {.error = "Pipeline.ResourceExhausted",
                                         .says = {"target/", "No space left on device"},
                                         .other_lines = Refusal::OtherLines::some});
  }
  disk.make_room();
  expect_recovered();
}

TEST_F(FullDisk, OfTheLogsAndResultsOfARunIsThatRunsError) {
  fs::create_directories(house_.file("state"));
  SmallDisk disk(house_.file("state/runs"), roomy);
  SKIP_UNLESS_MOUNTED(disk);
  disk.fill();
  expect_refused(second_day("orchestrator"), {.error = "Pipeline.ResourceExhausted",
                                              .says = {"the run ended FAILED in Staging"},
                                              .other_lines = Refusal::OtherLines::some});
  disk.make_room();
  expect_recovered();
}

TEST_F(FullDisk, OfTheStoresArchiveLeavesTheWholeDayPublishedAndTheDumpWhereItIs) {
  Start start = limited(second_day("staging_loader"), 0);
  start.result_file = Start::ResultFile::not_named;
  const std::string store = house_.store();
  expect_refusal(
      start, house_.run(start),
      {.error = "Pipeline.ResourceExhausted",
       .says = {"cannot write " + house_.file("store/processed/gghouse_20260202.sql.gz")}});
  EXPECT_EQ(warehouse_.dates(), "2026-02-02 2026-02-01 2026-02-01")
      << "the publish was done before";
  EXPECT_EQ(house_.store(), store) << "no dump is lost, and no half one is left";
  expect_recovered();
  EXPECT_TRUE(fs::exists(house_.file("store/processed/gghouse_20260202.sql.gz")));
}

}  // namespace
}  // namespace pipeline
