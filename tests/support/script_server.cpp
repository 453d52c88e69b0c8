#include "tests/support/script_server.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include "common/base/error.h"
#include "common/io/file.h"
#include "tests/support/server_process.h"

namespace pipeline::test {
namespace {

constexpr std::chrono::seconds start_limit{30};
constexpr std::chrono::milliseconds poll_every{20};

}  // namespace

ScriptServer::ScriptServer(const std::string& script, const std::vector<std::string>& arguments,
                           const std::vector<File>& files) {
  for (const auto& [name, content] : files) write(name, content);
  // Debian's, whatever stands before it in PATH: its packages are not for others.
  std::vector<std::string> argv{"/usr/bin/python3", PIPELINE_SOURCE_DIR "/tests/support/" + script,
                                dir_.path()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  pid_ = start_process(argv, dir_.file("log"));
  const auto deadline = std::chrono::steady_clock::now() + start_limit;
  while (!std::filesystem::exists(dir_.file("port"))) {
    if (reap(pid_) || std::chrono::steady_clock::now() > deadline) {
      throw Error(ErrorKind::unavailable, script + " does not start: " + tail(read("log")));
    }
    std::this_thread::sleep_for(poll_every);
  }
  port_ = std::stoi(read("port"));
}

ScriptServer::~ScriptServer() {
  if (pid_ > 0) kill_process(pid_);
}

bool ScriptServer::has(const std::string& name) const {
  return std::filesystem::exists(dir_.file(name));
}

std::string ScriptServer::read(const std::string& name) const {
  if (!has(name)) return {};
  return read_text_file(dir_.file(name));
}

void ScriptServer::write(const std::string& name, const std::string& content) {
  replace_file(dir_.file(name), content);
}

}  // namespace pipeline::test
