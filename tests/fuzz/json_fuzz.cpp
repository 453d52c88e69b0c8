// JSON: what is read can be written, and is the same when it is read again.
#include "common/base/json.h"
#include "common/stage/stage_result.h"
#include "tests/fuzz/fuzz.h"

namespace pipeline {
namespace {

void read(std::string_view text) {
  const Json value = Json::parse(text);
  require(Json::parse(value.dump()) == value, "compact JSON reads back");
  require(Json::parse(value.dump(Json::Style::indented)) == value, "indented JSON reads back");
}

}  // namespace
}  // namespace pipeline

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pipeline;
  const auto text = fuzz::text_of(data, size);
  fuzz::refusal_of([&] { read(text); });
  fuzz::refusal_of([&] {
    const StageResult result = StageResult::from_json(Json::parse(text));
    const StageResult again = StageResult::from_json(result.to_json());
    require(again.to_json() == result.to_json(), "a stage's result reads back");
  });
  return 0;
}
