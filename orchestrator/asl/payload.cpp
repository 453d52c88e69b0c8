#include "orchestrator/asl/payload.h"

#include <utility>

namespace pipeline::asl {

const Json* find_value(const Json& document, const ReferencePath& path) {
  const Json* value = &document;
  for (const auto& step : path.steps) {
    if (value != nullptr) value = value->find(step);
  }
  return value;
}

std::optional<Json> place_result(const Json& raw_input, const ResultPath& path, Json result) {
  const auto* place = std::get_if<ReferencePath>(&path);
  if (place == nullptr) return raw_input;
  Json output = raw_input;
  Json* target = &output;
  for (const auto& step : place->steps) {
    if (!target->is_object()) return {};
    Json* member = target->find(step);
    target = member != nullptr ? member : &target->set(step, Json::object());
  }
  *target = std::move(result);
  return output;
}

Json error_output(std::string_view error, std::string_view cause) {
  Json output = Json::object();
  output.set("Error", error);
  output.set("Cause", cause);
  return output;
}

}  // namespace pipeline::asl
