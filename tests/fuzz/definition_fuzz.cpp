// State machines: every text gives one whose states all lead to states, or a list of findings.
#include "orchestrator/asl/definition_reader.h"
#include "tests/fuzz/fuzz.h"

namespace pipeline::asl {
namespace {

void check(const StateMachine& machine) {
  require(machine.find(machine.start_at) != nullptr, "StartAt names a state");
  for (const State& state : machine.states) {
    require(!state.next || machine.find(*state.next) != nullptr, "Next names a state");
    for (const Catcher& catcher : state.catchers) {
      require(machine.find(catcher.next) != nullptr, "a catcher's Next names a state");
      require(!catcher.error_equals.empty(), "a catcher names errors");
    }
    for (const Retrier& retrier : state.retry) {
      require(!retrier.error_equals.empty(), "a retrier names errors");
      require(retrier.interval.count() > 0 && retrier.max_attempts >= 0, "a retrier can count");
      require(retrier.backoff_rate >= 1.0, "waits do not shrink");
    }
    if (const auto* choice = std::get_if<Choice>(&state.kind)) {
      require(!choice->rules.empty(), "a Choice has rules");
      for (const ChoiceRule& rule : choice->rules) {
        require(machine.find(rule.next) != nullptr, "a rule's Next names a state");
      }
    }
    if (const auto* parallel = std::get_if<Parallel>(&state.kind)) {
      require(!parallel->branches.empty(), "a Parallel has branches");
      for (const StateMachine& branch : parallel->branches) check(branch);
    }
    if (const auto* map = std::get_if<Map>(&state.kind)) {
      require(map->processor.size() == 1, "a Map has one processor");
      check(map->processor.front());
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
    const asl::Reading reading = asl::read_definition(asl::parse_document(text, "machine.yaml"));
    for (const asl::Finding& finding : reading.findings) {
      require(finding.where.starts_with("machine.yaml:"), "a finding has a place");
      require(!finding.message.empty(), "a finding says something");
    }
  });
  return 0;
}
