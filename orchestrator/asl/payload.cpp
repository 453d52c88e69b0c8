#include "orchestrator/asl/payload.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"

namespace pipeline::asl {
namespace {

/// The member or element, made if it is a member that is missing; nullptr if there can be none.
struct Enter {
  Json& value;

  Json* operator()(const std::string& name) const {
    if (!value.is_object()) return nullptr;
    Json* member = value.find(name);
    return member != nullptr ? member : &value.set(name, Json::object());
  }
  Json* operator()(std::size_t index) const {
    if (!value.is_array() || index >= value.as_array().size()) return nullptr;
    return &value.as_array()[index];
  }
};

bool is_deeper_than(const Json& document, int levels) {
  if (levels == 0) return true;
  if (document.is_array()) {
    return std::ranges::any_of(document.as_array(), [&](const Json& element) {
      return is_deeper_than(element, levels - 1);
    });
  }
  return document.is_object() && std::ranges::any_of(document.as_object(), [&](const auto& member) {
           return is_deeper_than(member.second, levels - 1);
         });
}

}  // namespace

std::optional<Excess> excess_of(const Json& document) {
  // Depth first: writing the document out takes stack for each level.
  if (is_deeper_than(document, payload_depth_max + 1)) return Excess::depth;
  if (document.dump().size() > payload_bytes_max) return Excess::bytes;
  return {};
}

std::optional<Json> place_result(const Json& raw_input, const ResultPath& path, Json result) {
  const auto* place = std::get_if<ReferencePath>(&path);
  if (place == nullptr) return raw_input;
  Json output = place->steps.empty() ? Json() : raw_input;
  Json* target = &output;
  for (const auto& step : place->steps) {
    target = std::visit(Enter{*target}, step);
    if (target == nullptr) return {};
  }
  *target = std::move(result);
  return output;
}

Json select(const Selection& selection, const PathRoots& roots) {
  const auto* path = std::get_if<JsonPath>(&selection);
  return path != nullptr ? evaluate(*path, roots) : Json::object();
}

// A catcher must be entered whatever a task said: the service bounds both texts likewise (API
// reference, SendTaskFailure).
Json error_output(std::string_view error, std::string_view cause) {
  constexpr std::size_t error_bytes_max = 256;
  constexpr std::size_t cause_bytes_max = 32'768;
  Json output = Json::object();
  output.set("Error", head(error, error_bytes_max));
  output.set("Cause", head(cause, cause_bytes_max));
  return output;
}

}  // namespace pipeline::asl
