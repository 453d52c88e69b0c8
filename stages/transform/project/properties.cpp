#include "stages/transform/project/properties.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

[[noreturn]] void refuse(const YamlNode& node, const std::string& what) {
  throw Error(ErrorKind::config_invalid, fmt::format("{}: {}", place_of(node).text(), what));
}

struct UnsupportedSection {
  std::string_view key;
  std::string_view what;
};

constexpr std::array unsupported_sections = {
    UnsupportedSection{"snapshots", "snapshot"},
    UnsupportedSection{"unit_tests", "unit test"},
};

// Sections that build and test nothing: people and other tools read them. Descriptions of macros
// and analyses are among them, and anchors, which hold text for other places.
constexpr std::array<std::string_view, 9> sections_without_effect = {
    "version", "macros",  "analyses",        "anchors",      "exposures",
    "groups",  "metrics", "semantic_models", "saved_queries"};

// The keys of a test that configure it; all others are arguments of its macro.
constexpr std::array<std::string_view, 14> test_config_keys = {
    "severity", "tags",      "enabled", "where",  "limit",          "warn_if",
    "error_if", "fail_calc", "meta",    "schema", "store_failures", "store_failures_as",
    "alias",    "database"};

bool configures_test(std::string_view key) {
  return std::ranges::find(test_config_keys, key) != test_config_keys.end();
}

/// The value read from the node, which must be a mapping; nothing counts as an empty one.
Json mapping_in(const YamlNode& node, Json value) {
  if (value.is_null()) return Json::object();
  if (!value.is_object()) refuse(node, "expected a mapping of names and values");
  return value;
}

std::string name_in(const YamlNode& entry) {
  return entry.at("name").text();
}

class Reader {
 public:
  Reader(const YamlValues& values, PropertiesFile& file) : values_(values), file_(file) {}

  void read(const YamlNode& document) {
    for (const auto& [key, section] : document.entries()) read_section(key, section);
  }

 private:
  void read_section(const YamlNode& key, const YamlNode& section) {
    const std::string& word = key.text();
    if (word == "models") return read_resources(ResourceType::model, section);
    if (word == "seeds") return read_resources(ResourceType::seed, section);
    if (word == "tests" || word == "data_tests") {
      return read_resources(ResourceType::test, section);
    }
    if (word == "sources") return read_sources(section);
    if (word == "exposures" && section.is_sequence()) file_.exposures += section.items().size();
    if (std::ranges::find(sections_without_effect, word) != sections_without_effect.end()) return;
    for (const auto& unsupported : unsupported_sections) {
      if (word != unsupported.key) continue;
      if (section.is_null() || section.items().empty()) return;
      const YamlNode& first = section.items().front();
      const YamlNode* name = first.find("name");
      refuse(first, fmt::format("not supported yet: {} \"{}\"", unsupported.what,
                                name != nullptr ? name->text() : ""));
    }
    // Other sections hold anchors for reuse; but a slip of the pen would lose tests in silence.
    constexpr std::array<std::string_view, 6> sections = {"models", "seeds",      "sources",
                                                          "tests",  "data_tests", "macros"};
    const auto meant = nearest(word, sections);
    if (!meant.empty()) {
      refuse(key, fmt::format("unknown section \"{}\"; did you mean \"{}\"?", word, meant));
    }
  }

  void read_resources(ResourceType type, const YamlNode& section) {
    for (const auto& entry : section.items()) {
      PropertiesFile::Entry read;
      read.type = type;
      read.name = name_in(entry);
      if (const YamlNode* versions = entry.find("versions")) {
        refuse(*versions,
               fmt::format("not supported yet: versions of the model \"{}\"", read.name));
      }
      read.properties.place = place_of(entry);
      read.properties.description = description_of(entry);
      read.properties.config = config_in(entry);
      warn_of_unknown_keys(entry);
      read_tests(entry, "", read.properties.tests);
      read_columns(entry, read.properties.columns, read.properties.tests);
      file_.entries.push_back(std::move(read));
    }
  }

  void read_sources(const YamlNode& section) {
    for (const auto& entry : section.items()) {
      SourceTable source;
      source.source = name_in(entry);
      source.schema = source.source;
      if (const YamlNode* schema = entry.find("schema")) source.schema = values_.text(*schema);
      if (const YamlNode* database = entry.find("database")) {
        const std::string name = database->is_null() ? "" : values_.text(*database);
        // As dbt-mysql, which knows one word for both.
        if (!name.empty() && name != "None" && name != source.schema) {
          refuse(*database,
                 fmt::format("database \"{}\": MySQL has none above a schema; give schema", name));
        }
      }
      source.config = config_in(entry);
      source.source_description = description_of(entry);
      if (const Json* meta = source.config.find("meta")) source.source_meta = *meta;
      if (const YamlNode* loader = entry.find("loader")) source.loader = values_.text(*loader);
      read_freshness(entry, source);
      const YamlNode* tables = entry.find("tables");
      if (tables == nullptr) continue;
      for (const auto& table : tables->items()) read_source_table(table, source);
    }
  }

  void read_source_table(const YamlNode& entry, const SourceTable& of_source) {
    SourceTable table = of_source;
    table.table = name_in(entry);
    table.identifier = table.table;
    if (const YamlNode* identifier = entry.find("identifier")) {
      table.identifier = values_.text(*identifier);
    }
    table.place = place_of(entry);
    table.description = description_of(entry);
    if (const YamlNode* loader = entry.find("loader")) table.loader = values_.text(*loader);
    read_freshness(entry, table);
    merge_config(table.config, config_in(entry));
    read_tests(entry, "", table.tests);
    read_columns(entry, table.columns, table.tests);
    file_.sources.push_back(std::move(table));
  }

  /// `freshness` and `loaded_at_field`, in their old place and in the newer one below `config`.
  void read_freshness(const YamlNode& entry, SourceTable& source) const {
    const YamlNode* config = entry.find("config");
    for (const YamlNode* place : {&entry, config}) {
      if (place == nullptr || !place->is_mapping()) continue;
      if (const YamlNode* query = place->find("loaded_at_query")) {
        refuse(*query, "not supported yet: loaded_at_query; give loaded_at_field");
      }
      const YamlNode* field = place->find("loaded_at_field");
      if (field != nullptr && !field->is_null()) source.loaded_at_field = values_.text(*field);
      if (const YamlNode* given = place->find("freshness")) {
        source.freshness_steps.push_back(
            {.given = values_.rendered(*given), .place = place_of(*given).text()});
      }
    }
  }

  static std::string description_of(const YamlNode& entry) {
    const YamlNode* description = entry.find("description");
    return description != nullptr ? description->text() : "";
  }

  /// `config:`, with the older places of tags, meta and enabled below it.
  Json config_in(const YamlNode& entry) const {
    Json config = Json::object();
    for (const std::string_view key : {"tags", "meta", "enabled", "docs"}) {
      if (const YamlNode* value = entry.find(key)) {
        Json old = Json::object();
        old.set(key, values_.rendered(*value));
        merge_config(config, old);
      }
    }
    if (const YamlNode* given = entry.find("config")) {
      merge_config(config, mapping_in(*given, values_.rendered(*given)));
    }
    return config;
  }

  static void warn_of_unknown_keys(const YamlNode& entry) {
    constexpr std::array<std::string_view, 18> known = {
        "name",           "description",  "docs",    "meta",
        "tags",           "config",       "columns", "tests",
        "data_tests",     "constraints",  "access",  "group",
        "latest_version", "enabled",      "version", "deprecation_date",
        "loader",         "quote_columns"};
    for (const auto& [key, value] : entry.entries()) {
      if (std::ranges::find(known, key.text()) != known.end()) continue;
      const auto meant = nearest(key.text(), known);
      log::warn("{}: the key \"{}\" has no meaning here{}", place_of(key).text(), key.text(),
                meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant));
    }
  }

  void read_columns(const YamlNode& entry, std::vector<ColumnProperties>& columns,
                    std::vector<GenericTest>& tests) const {
    const YamlNode* listed = entry.find("columns");
    if (listed == nullptr) return;
    for (const auto& column : listed->items()) {
      ColumnProperties read;
      read.name = name_in(column);
      read.description = description_of(column);
      for (const auto& [key, value] : column.entries()) {
        const std::string& word = key.text();
        if (word == "name" || word == "description" || word == "tests" || word == "data_tests") {
          continue;
        }
        read.fields.set(word, values_.raw(value));
      }
      read_tests(column, read.name, tests);
      columns.push_back(std::move(read));
    }
  }

  void read_tests(const YamlNode& entry, const std::string& column,
                  std::vector<GenericTest>& tests) const {
    const YamlNode* older = entry.find("tests");
    const YamlNode* newer = entry.find("data_tests");
    if (older != nullptr && newer != nullptr) {
      refuse(*newer, "tests and data_tests are two spellings of one key; give one of them");
    }
    const YamlNode* listed = newer != nullptr ? newer : older;
    if (listed == nullptr) return;
    for (const auto& item : listed->items()) tests.push_back(read_test(item, column));
  }

  GenericTest read_test(const YamlNode& item, const std::string& column) const {
    GenericTest test;
    test.place = place_of(item);
    test.column = column;
    if (item.is_scalar()) {
      set_macro(test, item.text());
      return test;
    }
    if (!item.is_mapping() || item.entries().empty()) {
      refuse(item, "a test is a name or a mapping with the name as its key");
    }
    if (const YamlNode* name = item.find("test_name")) {
      set_macro(test, name->text());
      read_settings(item, test);
      return test;
    }
    const auto& [name, settings] = item.entries().front();
    if (item.entries().size() > 1) {
      refuse(item, fmt::format("the test \"{}\" has a second key \"{}\" beside its name; indent "
                               "the test's settings below its name",
                               name.text(), item.entries()[1].first.text()));
    }
    set_macro(test, name.text());
    read_settings(settings, test);
    return test;
  }

  static void set_macro(GenericTest& test, const std::string& name) {
    const std::size_t dot = name.find('.');
    test.package = dot == std::string::npos ? "" : name.substr(0, dot);
    test.macro = dot == std::string::npos ? name : name.substr(dot + 1);
  }

  void read_settings(const YamlNode& settings, GenericTest& test) const {
    for (const auto& [key, value] : settings.entries()) {
      const std::string& word = key.text();
      if (word == "test_name") continue;
      if (word == "name") {
        test.name = values_.text(value);
      } else if (word == "description") {
        test.description = value.text();
      } else if (word == "arguments") {
        const Json arguments = mapping_in(value, values_.raw(value));
        for (const auto& [name, argument] : arguments.as_object()) {
          test.arguments.set(name, argument);
        }
      } else if (word == "config") {
        merge_config(test.config, mapping_in(value, values_.rendered(value)));
      } else if (configures_test(word)) {
        Json one = Json::object();
        one.set(word, values_.rendered(value));
        merge_config(test.config, one);
      } else {
        test.arguments.set(word, values_.raw(value));
      }
    }
  }

  const YamlValues& values_;
  PropertiesFile& file_;
};

}  // namespace

PropertiesFile read_properties(const YamlNode& document, const YamlValues& values) {
  PropertiesFile file;
  Reader(values, file).read(document);
  return file;
}

}  // namespace pipeline::dbt
