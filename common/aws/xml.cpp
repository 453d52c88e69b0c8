#include "common/aws/xml.h"

#include <pugixml.hpp>

namespace pipeline::aws {
namespace {

constexpr int depth_max = 64;

/// False if it is nested too deep.
bool copy(const pugi::xml_node& from, XmlElement& to, int depth) {
  if (depth > depth_max) return false;
  to.name = from.name();
  to.text = from.child_value();
  for (const auto& child : from.children()) {
    if (child.type() != pugi::node_element) continue;
    if (!copy(child, to.children.emplace_back(), depth + 1)) return false;
  }
  return true;
}

}  // namespace

const XmlElement* XmlElement::child(std::string_view child_name) const {
  for (const auto& one : children) {
    if (one.name == child_name) return &one;
  }
  return nullptr;
}

const std::string& XmlElement::text_of(std::string_view child_name) const {
  static const std::string none;
  const XmlElement* found = child(child_name);
  return found == nullptr ? none : found->text;
}

std::optional<XmlElement> parse_xml(std::string_view text) {
  pugi::xml_document document;
  const bool whole = static_cast<bool>(
      document.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8));
  if (!whole || !document.document_element()) return {};
  XmlElement root;
  if (!copy(document.document_element(), root, 1)) return {};
  return root;
}

}  // namespace pipeline::aws
