#include "common/base/secret.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace pipeline {
namespace {

constexpr std::size_t shortest_redacted = 4;
// A process knows a handful of credentials; the bound keeps a loop of rotations from growing it.
constexpr std::size_t secrets_max = 256;

struct Registry {
  std::mutex mutex;
  std::vector<std::string> values;
};

Registry& registry() {
  static Registry instance;
  return instance;
}

}  // namespace

Secret::Secret(std::string value) : value_(std::move(value)) {
  if (value_.size() < shortest_redacted) return;
  Registry& known = registry();
  const std::lock_guard lock(known.mutex);
  if (std::find(known.values.begin(), known.values.end(), value_) != known.values.end()) return;
  if (known.values.size() == secrets_max) known.values.erase(known.values.begin());
  known.values.push_back(value_);
}

std::string redact(std::string_view text) {
  std::string result(text);
  Registry& known = registry();
  const std::lock_guard lock(known.mutex);
  for (const auto& value : known.values) {
    for (auto at = result.find(value); at != std::string::npos; at = result.find(value, at + 3)) {
      result.replace(at, value.size(), "***");
    }
  }
  return result;
}

}  // namespace pipeline
