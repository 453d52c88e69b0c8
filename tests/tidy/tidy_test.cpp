// Reads the tree itself: includes go down only, heavy headers have one room, every file says its
// job.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/base/text.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;

const fs::path root = PIPELINE_SOURCE_DIR;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<fs::path> sources(const std::vector<std::string>& houses) {
  std::vector<fs::path> files;
  for (const auto& house : houses) {
    for (const auto& entry : fs::recursive_directory_iterator(root / house)) {
      const auto extension = entry.path().extension();
      if (extension == ".h" || extension == ".cpp")
        files.push_back(entry.path().lexically_relative(root));
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<fs::path> product_sources() {
  return sources({"common", "stages", "orchestrator", "bench"});
}

/// The file names of `#include` lines, with their opening character in front.
std::vector<std::string> includes_of(const fs::path& file) {
  std::vector<std::string> found;
  std::istringstream lines(text_of(root / file));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("#include ")) continue;
    const auto begin = line.find_first_of("<\"");
    const auto end = line.find_first_of(">\"", begin + 1);
    if (end != std::string::npos) found.push_back(line.substr(begin, end - begin));
  }
  return found;
}

using Layers = std::map<std::string, std::set<std::string>>;

Layers read_layers() {
  Layers layers;
  std::istringstream lines(text_of(root / "tests/tidy/layers.txt"));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.starts_with("#")) continue;
    const auto colon = line.find(':');
    auto& allowed = layers[line.substr(0, colon)];
    for (const auto& room : split(trim(std::string_view(line).substr(colon + 1)), ' ')) {
      allowed.insert(room);
    }
  }
  return layers;
}

TEST(Tidy, IncludesGoOnlyWhereTheTableAllows) {
  const Layers layers = read_layers();
  int checked = 0;
  for (const auto& file : product_sources()) {
    const std::string room = file.parent_path().string();
    ASSERT_TRUE(layers.contains(room)) << file << ": the room is missing in layers.txt";
    for (const auto& include : includes_of(file)) {
      if (include[0] != '"') continue;
      const std::string target = fs::path(include.substr(1)).parent_path().string();
      ++checked;
      EXPECT_TRUE(target == room || layers.at(room).contains(target))
          << file << " includes " << include.substr(1) << ": " << room << " may not see " << target;
      EXPECT_TRUE(fs::exists(root / include.substr(1)))
          << file << " includes " << include.substr(1);
    }
  }
  EXPECT_GT(checked, 100) << "the test reads the tree";
}

TEST(Tidy, TheTableItselfHasNoCircle) {
  const Layers layers = read_layers();
  std::set<std::string> placed;
  for (bool progress = true; progress;) {
    progress = false;
    for (const auto& [room, allowed] : layers) {
      const bool ready = std::all_of(allowed.begin(), allowed.end(), [&](const std::string& below) {
        return placed.contains(below);
      });
      if (ready && placed.insert(room).second) progress = true;
    }
  }
  for (const auto& [room, allowed] : layers) {
    EXPECT_TRUE(placed.contains(room)) << room << " is part of a circle or names an unknown room";
  }
}

TEST(Tidy, TheTableNamesOnlyRoomsThatExist) {
  for (const auto& [room, allowed] : read_layers())
    EXPECT_TRUE(fs::is_directory(root / room)) << room;
}

struct HeavyHeader {
  std::string prefix;
  std::set<std::string> rooms;
};

TEST(Tidy, EachHeavyHeaderIsSeenByOneRoomAndNeverInAHeader) {
  const std::vector<HeavyHeader> heavy{
      {"<mysql", {"common/mariadb"}},   {"<mariadb", {"common/mariadb"}},
      {"<yaml-cpp", {"common/config"}}, {"<CLI/", {"common/config"}},
      {"<boost/", {"common/process"}},  {"<sqlite3", {"orchestrator/history"}},
      {"<spdlog", {"common/base"}},     {"<nlohmann", {"common/base"}},
      {"<openssl", {"common/base"}},    {"<zlib", {"common/io"}},
      {"<zstd", {"common/io"}},         {"<curl", {"common/http"}},
      {"<pugixml", {"common/aws"}},     {"<xxhash", {"stages/staging/delta", "common/base"}}};
  for (const auto& file : product_sources()) {
    for (const auto& include : includes_of(file)) {
      for (const auto& header : heavy) {
        if (!include.starts_with(header.prefix)) continue;
        EXPECT_TRUE(header.rooms.contains(file.parent_path().string()))
            << file << " includes " << include;
        EXPECT_EQ(file.extension(), ".cpp") << file << " includes " << include;
      }
    }
  }
}

TEST(Tidy, EveryHeaderAndLonelySourceOpensWithItsJob) {
  for (const auto& file : sources({"common", "stages", "orchestrator", "bench", "tests"})) {
    fs::path header = file;
    header.replace_extension(".h");
    if (file.extension() == ".cpp" && fs::exists(root / header)) continue;
    EXPECT_TRUE(text_of(root / file).starts_with("// ")) << file << " does not open with its job";
  }
}

TEST(Tidy, NoFileLeavesWorkForLater) {
  const std::vector<std::string> marks{std::string("TO") + "DO", std::string("FIX") + "ME",
                                       std::string("XX") + "X "};
  for (const auto& file : sources({"common", "stages", "orchestrator", "bench", "tests"})) {
    const std::string text = text_of(root / file);
    for (const auto& mark : marks) {
      EXPECT_EQ(text.find(mark), std::string::npos) << file << " holds the mark " << mark;
    }
  }
}

TEST(Tidy, SecretsAreRevealedOnlyWhereALibraryTakesThem) {
  const std::set<std::string> rooms{"common/mariadb", "common/base", "common/aws", "common/http"};
  for (const auto& file : product_sources()) {
    if (text_of(root / file).find(".reveal()") == std::string::npos) continue;
    EXPECT_TRUE(rooms.contains(file.parent_path().string())) << file << " reveals a secret";
  }
}

}  // namespace
}  // namespace pipeline
