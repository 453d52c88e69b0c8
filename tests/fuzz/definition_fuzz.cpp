// State machines: every text gives one whose states all lead to states, or a list of findings.
#include "orchestrator/asl/definition_reader.h"
#include "tests/fuzz/fuzz.h"

namespace pipeline::asl {
namespace {

void check(const StateMachine& machine) {
  require(machine.find(machine.start_at) != nullptr, "StartAt names a state");
  for (const State& state : machine.states) {
    const auto* task = std::get_if<Task>(&state.kind);
    if (task == nullptr) continue;
    require(!task->next || machine.find(*task->next) != nullptr, "Next names a state");
    for (const Catcher& catcher : task->catchers) {
      require(machine.find(catcher.next) != nullptr, "a catcher's Next names a state");
      require(!catcher.error_equals.empty(), "a catcher names errors");
    }
    for (const Retrier& retrier : task->retry) {
      require(!retrier.error_equals.empty(), "a retrier names errors");
      require(retrier.interval.count() > 0 && retrier.max_attempts >= 0, "a retrier can count");
      require(retrier.backoff_rate >= 1.0, "waits do not shrink");
    }
  }
}

}  // namespace
}  // namespace pipeline::asl

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pipeline;
  const auto text = fuzz::text_of(data, size);
  fuzz::refusal_of([&] { asl::check(asl::parse_definition(text, "machine.yaml").machine); });
  // What the findings say must not depend on how the first one is reported.
  fuzz::refusal_of([&] {
    const asl::Reading reading = asl::read_definition(YamlNode::parse(text, "machine.yaml"));
    for (const asl::Finding& finding : reading.findings) {
      require(finding.where.starts_with("machine.yaml:"), "a finding has a place");
      require(!finding.message.empty(), "a finding says something");
    }
  });
  return 0;
}
