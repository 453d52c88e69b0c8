#include "common/config/yaml.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/io/file.h"

namespace pipeline {
namespace {

// A pipeline.yaml or a dbt project file has some thousand nodes; more is an alias bomb.
constexpr std::size_t nodes_max = 1'000'000;
constexpr int depth_max = 100;
constexpr std::size_t file_bytes_max = 64U << 20U;

std::string place(const YamlNode::Mark& mark) {
  return fmt::format("{}:{}:{}", mark.file, mark.line, mark.column);
}

[[noreturn]] void refuse(const YamlNode& node, std::string_view what) {
  throw Error(ErrorKind::config_invalid, fmt::format("{}: {}", node.where(), what));
}

/// yaml-cpp passes on what is no text, and tells of a NUL as of an unknown escape. It reads UTF-16
/// and UTF-32 that begin with a byte order mark; those are left to it.
void refuse_what_is_no_text(std::string_view text, std::string_view file_name) {
  for (const std::string_view mark : {"\xFF\xFE", "\xFE\xFF"}) {
    if (text.starts_with(mark)) return;
  }
  require_text(text, file_name);
}

std::string_view kind_name(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::null:
      return "nothing";
    case YamlNode::Kind::scalar:
      return "a single value";
    case YamlNode::Kind::sequence:
      return "a list";
    case YamlNode::Kind::mapping:
      return "a mapping";
  }
  return "nothing";
}

}  // namespace

/// Turns yaml-cpp's tree into ours; the only place that sees its types.
class YamlBuilder {
 public:
  explicit YamlBuilder(std::string_view file) : file_(file) {}

  YamlNode build(const YAML::Node& from, int depth) {
    YamlNode node;
    node.mark_ = mark_of(from.Mark());
    if (++count_ > nodes_max) refuse(node, "the document grows past a million nodes");
    if (depth > depth_max) refuse(node, fmt::format("nested deeper than {} levels", depth_max));
    switch (from.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        break;
      case YAML::NodeType::Scalar:
        node.kind_ = YamlNode::Kind::scalar;
        node.text_ = from.Scalar();
        // yaml-cpp marks quoted scalars, and only those, with the tag "!".
        if (from.Tag() == "!") node.quoted_ = YamlNode::Quoted::yes;
        break;
      case YAML::NodeType::Sequence:
        node.kind_ = YamlNode::Kind::sequence;
        for (const auto& item : from) node.items_.push_back(build(item, depth + 1));
        break;
      case YAML::NodeType::Map:
        node.kind_ = YamlNode::Kind::mapping;
        for (const auto& entry : from) {
          YamlNode key = build(entry.first, depth + 1);
          if (key.is_scalar() && node.find(key.text()) != nullptr) {
            refuse(key, fmt::format("the key \"{}\" is given twice", key.text()));
          }
          node.entries_.emplace_back(std::move(key), build(entry.second, depth + 1));
        }
        break;
    }
    return node;
  }

  YamlNode::Mark mark_of(const YAML::Mark& mark) const {
    // An empty document has no mark.
    return {
        .file = file_, .line = std::max(mark.line, 0) + 1, .column = std::max(mark.column, 0) + 1};
  }

 private:
  std::string file_;
  std::size_t count_ = 0;
};

YamlNode YamlNode::parse(std::string_view text, std::string_view file_name) {
  refuse_what_is_no_text(text, file_name);
  YamlBuilder builder(file_name);
  try {
    return builder.build(YAML::Load(std::string(text)), 0);
  } catch (const YAML::Exception& error) {
    throw Error(
        ErrorKind::config_invalid,
        fmt::format("{}: not valid YAML: {}", place(builder.mark_of(error.mark)), error.msg));
  }
}

YamlNode YamlNode::parse_file(const std::string& path) {
  std::string text;
  try {
    text = read_file(path, file_bytes_max);
  } catch (const Error& error) {
    throw Error(ErrorKind::config_invalid, error.message());
  }
  return parse(text, path);
}

std::string YamlNode::where() const {
  return place(mark_);
}

const std::string& YamlNode::text() const {
  if (is_sequence() || is_mapping()) {
    refuse(*this, fmt::format("expected a single value, found {}", kind_name(kind_)));
  }
  return text_;
}

std::int64_t YamlNode::as_int() const {
  const std::string& digits = text();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    refuse(*this, fmt::format("expected a whole number, found \"{}\"", digits));
  }
  return value;
}

double YamlNode::as_number() const {
  const std::string& digits = text();
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    refuse(*this, fmt::format("expected a number, found \"{}\"", digits));
  }
  return value;
}

bool YamlNode::as_bool() const {
  const std::string word = to_lower(text());
  if (word == "true" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "no" || word == "off") return false;
  refuse(*this, fmt::format("expected true or false, found \"{}\"", text()));
}

const std::vector<YamlNode>& YamlNode::items() const {
  if (!is_sequence() && !is_null()) {
    refuse(*this, fmt::format("expected a list, found {}", kind_name(kind_)));
  }
  return items_;
}

const std::vector<YamlNode::Entry>& YamlNode::entries() const {
  if (!is_mapping() && !is_null()) {
    refuse(*this, fmt::format("expected a mapping, found {}", kind_name(kind_)));
  }
  return entries_;
}

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& [name, value] : entries()) {
    if (name.is_scalar() && name.text_ == key) return &value;
  }
  return nullptr;
}

const YamlNode& YamlNode::at(std::string_view key) const {
  if (const YamlNode* value = find(key)) return *value;
  refuse(*this, fmt::format("the key \"{}\" is missing", key));
}

void YamlNode::allow_only(std::vector<std::string_view> known) const {
  for (const auto& [key, value] : entries()) {
    bool found = false;
    for (const auto name : known) found = found || (key.is_scalar() && key.text_ == name);
    if (found) continue;
    const auto meant = key.is_scalar() ? nearest(key.text_, known) : std::string_view{};
    refuse(key, meant.empty()
                    ? fmt::format("unknown key \"{}\"", key.text_)
                    : fmt::format("unknown key \"{}\"; did you mean \"{}\"?", key.text_, meant));
  }
}

}  // namespace pipeline
