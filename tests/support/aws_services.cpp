#include "tests/support/aws_services.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/io/file.h"
#include "tests/support/server_process.h"

namespace pipeline::test {
namespace {

constexpr std::chrono::seconds start_limit{30};
constexpr std::chrono::milliseconds poll_every{20};

}  // namespace

AwsServices::AwsServices(std::string_view state) {
  set_state(state);
  pid_ =
      start_process({"python3", PIPELINE_SOURCE_DIR "/tests/support/aws_services.py", dir_.path()},
                    dir_.file("log"));
  const auto deadline = std::chrono::steady_clock::now() + start_limit;
  while (!std::filesystem::exists(dir_.file("port"))) {
    if (reap(pid_) || std::chrono::steady_clock::now() > deadline) {
      throw Error(ErrorKind::unavailable, "the services of the test do not start: " +
                                              tail(read_text_file(dir_.file("log"))));
    }
    std::this_thread::sleep_for(poll_every);
  }
  port_ = std::stoi(read_text_file(dir_.file("port")));
}

AwsServices::~AwsServices() {
  if (pid_ > 0) kill_process(pid_);
}

void AwsServices::set_state(std::string_view state) {
  replace_file(dir_.file("state.json"), Json::parse(state).dump());
}

void AwsServices::set(const std::vector<std::string>& path, Json value) {
  Json state = Json::parse(read_text_file(dir_.file("state.json")));
  Json* at = &state;
  for (const auto& name : path) {
    if (at->find(name) == nullptr) at->set(name, Json::object());
    at = at->find(name);
  }
  *at = std::move(value);
  replace_file(dir_.file("state.json"), state.dump());
}

std::vector<Json> AwsServices::requests() const {
  std::vector<Json> found;
  if (!std::filesystem::exists(dir_.file("requests.jsonl"))) return found;
  for (const auto& line : split(read_text_file(dir_.file("requests.jsonl")), '\n')) {
    if (!line.empty()) found.push_back(Json::parse(line));
  }
  return found;
}

std::vector<std::string> AwsServices::actions() const {
  std::vector<std::string> found;
  for (const auto& request : requests()) {
    const Json* action = request.find("action");
    found.push_back(fmt::format("{} {}", action == nullptr ? "?" : action->as_string(),
                                request.at("status").as_int()));
  }
  return found;
}

}  // namespace pipeline::test
