// A YAML document as a tree whose nodes know the file and line they came from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pipeline {

/// One node with value semantics. Mappings keep their order. Scalars keep their text; how a plain
/// scalar is read (boolean, number) is decided by the accessor, so that "07:00" stays a text.
class YamlNode {
 public:
  enum class Kind { null, scalar, sequence, mapping };
  enum class Quoted { no, yes };
  struct Mark {
    std::string file;
    int line = 0;    // from 1
    int column = 0;  // from 1
  };
  using Entry = std::pair<YamlNode, YamlNode>;  // key, value

  /// Throws config_invalid with file:line:column for broken YAML and for a key given twice in one
  /// mapping, with file:line for a byte that is no UTF-8. An empty document is null. Aliases are
  /// resolved; a document whose aliases would grow it past 1,000,000 nodes or deeper than 100
  /// levels is refused.
  static YamlNode parse(std::string_view text, std::string_view file_name);
  /// parse() of a file's contents. Throws config_invalid, with the reason, if it cannot be read.
  static YamlNode parse_file(const std::string& path);

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_scalar() const { return kind_ == Kind::scalar; }
  bool is_sequence() const { return kind_ == Kind::sequence; }
  bool is_mapping() const { return kind_ == Kind::mapping; }
  Quoted quoted() const { return quoted_; }
  const Mark& mark() const { return mark_; }
  /// "pipeline.yaml:12:5"
  std::string where() const;

  /// The scalar's text; empty for null. Throws config_invalid for a sequence or mapping.
  const std::string& text() const;
  /// Throws config_invalid, with the place, where the scalar is no integer, number, boolean.
  std::int64_t as_int() const;
  double as_number() const;
  bool as_bool() const;  // true false yes no on off, any case

  const std::vector<YamlNode>& items() const;  // of a sequence; throws config_invalid otherwise
  const std::vector<Entry>& entries() const;   // of a mapping; throws config_invalid otherwise
  /// The value under `key`, nullptr if absent. The node must be a mapping or null.
  const YamlNode* find(std::string_view key) const;
  /// The value under `key`; throws config_invalid with the place of the mapping if absent.
  const YamlNode& at(std::string_view key) const;

  /// Throws config_invalid, with place and nearest known key, if the mapping has another key.
  void allow_only(std::vector<std::string_view> known) const;

 private:
  friend class YamlBuilder;
  Kind kind_ = Kind::null;
  Quoted quoted_ = Quoted::no;
  Mark mark_;
  std::string text_;
  std::vector<YamlNode> items_;
  std::vector<Entry> entries_;
};

}  // namespace pipeline
