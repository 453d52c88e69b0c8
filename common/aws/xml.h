// XML that a service answers with, as values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pipeline::aws {

/// An element without its attributes.
struct XmlElement {
  std::string name;
  std::string text;  // before the first child element, entities replaced
  std::vector<XmlElement> children;

  /// The first child of that name; nullptr if there is none.
  const XmlElement* child(std::string_view child_name) const;
  /// The text of the first child of that name; empty if there is none.
  const std::string& text_of(std::string_view child_name) const;
};

/// The root; nullopt if the text is anything but one whole document, or is nested deeper than 64.
/// Neither a DOCTYPE nor entities of its own are read, so that a document cannot grow.
std::optional<XmlElement> parse_xml(std::string_view text);

}  // namespace pipeline::aws
