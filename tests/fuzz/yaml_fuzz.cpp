// YAML: every text gives a tree whose nodes have a place in it, or a refusal.
#include "common/config/yaml.h"
#include "stages/transform/project/yaml_values.h"
#include "tests/fuzz/fuzz.h"

namespace pipeline {
namespace {

void walk(const YamlNode& node) {
  require(node.mark().line >= 1 && node.mark().column >= 1, "a node has a place");
  switch (node.kind()) {
    case YamlNode::Kind::null:
      return;
    case YamlNode::Kind::scalar:
      fuzz::refusal_of([&] { node.as_int(); });
      fuzz::refusal_of([&] { node.as_number(); });
      fuzz::refusal_of([&] { node.as_bool(); });
      dbt::plain_scalar(node.text());
      return;
    case YamlNode::Kind::sequence:
      for (const auto& item : node.items()) walk(item);
      return;
    case YamlNode::Kind::mapping:
      for (const auto& [key, value] : node.entries()) {
        walk(key);
        walk(value);
      }
      return;
  }
}

}  // namespace
}  // namespace pipeline

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pipeline;
  fuzz::refusal_of([&] { walk(YamlNode::parse(fuzz::text_of(data, size), "input.yaml")); });
  return 0;
}
