#include "common/base/redacted_json.h"

#include "common/base/secret.h"

namespace pipeline {

// As deep as the document, and Json::parse() bounds that.
Json redacted(const Json& document) {
  if (document.is_string()) return redact(document.as_string());
  if (document.is_array()) {
    Json copy = Json::array();
    for (const auto& element : document.as_array()) copy.push_back(redacted(element));
    return copy;
  }
  if (document.is_object()) {
    Json copy = Json::object();
    for (const auto& [key, value] : document.as_object()) copy.set(redact(key), redacted(value));
    return copy;
  }
  return document;
}

}  // namespace pipeline
