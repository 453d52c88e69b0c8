#include "stages/transform/run/run_failure.h"

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

constexpr std::size_t failures_named_max = 10;

/// The names of what failed, as many as one can read.
class Names {
 public:
  void add(std::string name) {
    if (++count_ <= failures_named_max) named_.push_back(std::move(name));
  }
  std::size_t count() const { return count_; }
  std::string text() const {
    auto names = named_;
    if (count_ > named_.size()) names.push_back(fmt::format("{} more", count_ - named_.size()));
    return join(names, ", ");
  }

 private:
  std::vector<std::string> named_;
  std::size_t count_ = 0;
};

std::string name_of_failed_test(const NodeResult& result) {
  return fmt::format("{} ({} rows)", result.unique_id, result.rows.value_or(0));
}

void throw_failed_tests(const std::vector<NodeResult>& tests, const Artifacts& artifacts) {
  Names failed;
  std::string first_query;
  for (const auto& result : tests) {
    if (result.status != NodeStatus::fail) continue;
    if (failed.count() == 0) first_query = artifacts.absolute(result.compiled_path);
    failed.add(name_of_failed_test(result));
  }
  if (failed.count() == 0) return;
  throw Error(
      ErrorKind::data_test_failed,
      fmt::format("{} data test{} failed, so nothing was published: {}; the query of the "
                  "first: {}",
                  failed.count(), failed.count() == 1 ? "" : "s", failed.text(), first_query))
      .with("failed_tests", std::to_string(failed.count()));
}

/// `first` with `message`; its context comes along.
Error retold(const Error& first, ErrorKind kind, const std::string& message) {
  Error told(kind, message);
  for (const auto& [key, value] : first.context()) {
    if (told.context_value(key).empty()) told = Error(std::move(told).with(key, value));
  }
  return told;
}

}  // namespace

std::vector<std::string> failed_tests_alone(const std::vector<NodeResult>& nodes,
                                            const std::vector<NodeResult>& tests) {
  const auto built = [](const NodeResult& node) { return node.status == NodeStatus::success; };
  if (!std::ranges::all_of(nodes, built)) return {};
  std::vector<std::string> failed;
  for (const auto& test : tests) {
    switch (test.status) {
      case NodeStatus::pass:
      case NodeStatus::warn:
        break;
      case NodeStatus::fail:
        failed.push_back(name_of_failed_test(test));
        break;
      case NodeStatus::success:
      case NodeStatus::error:
      case NodeStatus::skipped:
        return {};
    }
  }
  return failed;
}

void throw_published_with_failed_tests(const std::string& schema,
                                       const std::vector<publish::UntoldPublish>& publishes,
                                       const publish::Marker& live, const Artifacts& artifacts) {
  std::vector<std::string> said;
  std::size_t count = 0;
  for (const auto& publish : publishes) {
    const bool is_live = publish.generation == live.generation;
    const std::string date = publish.business_date.iso();
    said.push_back(fmt::format(
        "{} generation {} {} although data tests failed, as transform.on_test_failure says: {}",
        schema, publish.generation,
        is_live ? "is published for " + date
                : fmt::format("was published for {} by the run {}", date, publish.run_id),
        said_shortly(publish.failed_tests)));
    count += publish.failed_tests.size();
  }
  throw Error(ErrorKind::published_with_failed_tests,
              fmt::format("{}; their queries lie below {}", join(said, "; "),
                          artifacts.absolute("compiled")))
      .with("failed_tests", std::to_string(count));
}

std::string said_shortly(const std::vector<std::string>& failed_tests) {
  Names names;
  for (const auto& test : failed_tests) names.add(test);
  return names.text();
}

void throw_if_any_failed(const std::vector<NodeResult>& nodes, const std::vector<NodeResult>& tests,
                         const Artifacts& artifacts) {
  const Error* first = nullptr;
  Names others;
  bool one_kind = true;
  for (const auto* results : {&nodes, &tests}) {
    for (const auto& result : *results) {
      if (result.status == NodeStatus::fail) {
        one_kind = false;
        others.add(name_of_failed_test(result));
      }
      if (!result.error) continue;
      if (first == nullptr) {
        first = &*result.error;
        continue;
      }
      one_kind = one_kind && result.error->kind() == first->kind();
      others.add(fmt::format("{} ({})", result.unique_id, result.error->name()));
    }
  }
  if (first == nullptr) return throw_failed_tests(tests, artifacts);
  if (others.count() == 0) throw Error(*first);
  throw retold(*first, one_kind ? first->kind() : ErrorKind::partial_failure,
               fmt::format("{}; {} more failed, nothing was published: {}", first->message(),
                           others.count(), others.text()))
      .with("failed", std::to_string(others.count() + 1));
}

}  // namespace pipeline::dbt
