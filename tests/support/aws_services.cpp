#include "tests/support/aws_services.h"

#include <fmt/core.h>

#include "common/base/text.h"

namespace pipeline::test {
namespace {

std::string document(std::string_view state) {
  return Json::parse(state).dump();
}

}  // namespace

AwsServices::AwsServices(std::string_view state)
    : server_("aws_services.py", {}, {{.name = "state.json", .content = document(state)}}) {}

void AwsServices::set_state(std::string_view state) {
  server_.write("state.json", document(state));
}

void AwsServices::set(const std::vector<std::string>& path, Json value) {
  Json state = Json::parse(server_.read("state.json"));
  Json* at = &state;
  for (const auto& name : path) {
    if (at->find(name) == nullptr) at->set(name, Json::object());
    at = at->find(name);
  }
  *at = std::move(value);
  server_.write("state.json", state.dump());
}

std::vector<Json> AwsServices::requests() const {
  std::vector<Json> found;
  for (const auto& line : split(server_.read("requests.jsonl"), '\n')) {
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
