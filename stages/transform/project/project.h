// A dbt project as values: its files, the settings that hold for each resource, sources and tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json.h"
#include "common/base/secret.h"
#include "stages/transform/project/freshness.h"

namespace pipeline::dbt {

/// A line of a project file; the path counts from the project's folder.
struct Place {
  std::string file;
  int line = 0;  // from 1; 0: the file as a whole
  /// "models/a.sql:3"
  std::string text() const;
};

enum class ResourceType { model, seed, test, source, operation };
/// "model", "seed" ... as in a unique_id.
std::string_view name_of(ResourceType type);

/// The connection that profiles.yml names, with its Jinja rendered.
struct Target {
  std::string profile;
  std::string name;
  std::string type;  // mysql, mariadb, mysql5
  std::string schema;
  int threads = 1;
  std::string user;
  Secret password;
  /// All fields of the target except its password.
  Json fields = Json::object();
};

/// A file as it stands on disk.
struct TextFile {
  std::string path;  // from the project's folder, with '/'
  std::string text;
};

/// A generic test as properties YAML asks for it.
struct GenericTest {
  std::string macro;    // "unique", "accepted_values", the name behind "package."
  std::string package;  // "dbt_utils" of "dbt_utils.unique_combination_of_columns"; else empty
  std::string name;     // given by hand; else empty
  std::string description;
  std::string column;               // empty: the test stands under the model itself
  Json arguments = Json::object();  // not rendered; without model and column_name
  /// severity, where, limit, fail_calc, warn_if, error_if, tags ...; strings not rendered.
  Json config = Json::object();
  Place place;
};

struct ColumnProperties {
  std::string name;
  std::string description;
  Json fields = Json::object();  // everything else, tests excepted
};

/// What properties YAML says of one model or seed.
struct Properties {
  std::string description;
  Json config = Json::object();  // rendered; hooks are not
  std::vector<ColumnProperties> columns;
  std::vector<GenericTest> tests;  // of the columns too, in the order of the file
  Place place;                     // line 0: no YAML file names this resource
};

/// A model, seed or singular test that has a file of its own.
struct Resource {
  ResourceType type = ResourceType::model;
  std::string name;              // file name without extension
  std::string path;              // models/silver/a.sql
  std::vector<std::string> fqn;  // project, folders below the resource path, name
  std::string text;              // empty for a seed: its file is read when it is loaded
  std::string sha256;            // of the file without the blanks round it, as in dbt
  std::size_t bytes = 0;         // of the file
  std::string first_line;        // of a seed: its header
  /// From dbt_project.yml and then properties YAML; config() in the file comes on top.
  Json config = Json::object();
  Properties properties;
};

/// One table of a source.
struct SourceTable {
  std::string source;
  std::string table;
  std::string schema;
  std::string identifier;
  std::string description;
  std::string source_description;
  Json source_meta = Json::object();
  std::string loader;  // what brings the data, for people
  /// SQL whose greatest value tells when the table was last written; empty: not said.
  std::string loaded_at_field;
  /// Every `freshness` of the YAML file that counts here, the outermost first.
  std::vector<FreshnessStep> freshness_steps;
  /// All of them together, dbt_project.yml included; nullopt: null took it away.
  std::optional<FreshnessRule> freshness = FreshnessRule{};
  std::vector<std::string> fqn;
  Json config = Json::object();
  std::vector<ColumnProperties> columns;
  std::vector<GenericTest> tests;
  Place place;
};

/// A statement of on-run-start or on-run-end, or of a model's hooks; rendered when it runs.
struct Hook {
  enum class Transaction { inside, outside };
  std::string sql;
  Transaction transaction = Transaction::inside;
};

struct Project {
  std::string name;
  std::string dir;  // absolute
  /// SHA-256 over path and bytes of every file of the project that can change what a run does.
  std::string hash;
  Target target;
  /// From dbt_project.yml, the project's own section on top, then the caller's.
  Json vars = Json::object();
  std::vector<Resource> models;
  std::vector<Resource> seeds;
  std::vector<Resource> singular_tests;
  std::vector<TextFile> macros;  // of macro-paths, and of tests/generic
  std::vector<SourceTable> sources;
  std::vector<Hook> on_run_start;
  std::vector<Hook> on_run_end;
  std::size_t exposures = 0;  // counted, not read
  /// `data_tests:` (or `tests:`) of dbt_project.yml, to be asked for a test's fqn.
  Json test_config = Json::object();
};

/// `schema.identifier` of every source table, sorted, each once. The loader's main hands the names
/// in the staging schema on, since the layers cannot be built without them.
std::vector<std::string> source_tables(const Project& project);

/// Lays `over` onto `base`, as dbt does: `tags`, `meta`, `pre-hook` and `post-hook` add up, every
/// other key is replaced. Spellings are made one: a leading "+" goes, pre_hook becomes pre-hook,
/// post_hook post-hook. A single tag or hook becomes a list.
void merge_config(Json& base, const Json& over);

/// What dbt_project.yml's section (`models:`, `seeds:`, ...) says about a resource: from the
/// outside in along its fqn. Keys with "+" always count; keys without do if they are no folder of
/// the fqn.
Json config_of(const Json& section, const std::vector<std::string>& fqn);

/// Turns the value of a hook key (a text, {sql, transaction}, also as a JSON text, or a list of
/// these) into hooks.
/// Throws config_invalid naming `place` for anything else.
std::vector<Hook> hooks_of(const Json& value, std::string_view place);

}  // namespace pipeline::dbt
