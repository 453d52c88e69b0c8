#include "stages/transform/project/project_loader.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/transform/project/ignore_rules.h"
#include "stages/transform/project/profile.h"
#include "stages/transform/project/project_file.h"
#include "stages/transform/project/properties.h"
#include "stages/transform/project/yaml_values.h"

namespace pipeline::dbt {
namespace {

namespace fs = std::filesystem;

// A project of thousands of models is large; a hundred thousand files is a wrong folder.
constexpr std::size_t files_max = 100'000;
constexpr std::uintmax_t file_bytes_max = 64u << 20;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::config_invalid, what);
}

std::string read_file(const fs::path& path) {
  std::error_code problem;
  const auto bytes = fs::file_size(path, problem);
  if (!problem && bytes > file_bytes_max) {
    refuse(fmt::format("{} has {}; a project file may have {}", path.string(), human_bytes(bytes),
                       human_bytes(file_bytes_max)));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (problem || !file) refuse(fmt::format("cannot read {}", path.string()));
  return text.str();
}

int line_of(std::string_view text, std::size_t byte) {
  return 1 + static_cast<int>(std::ranges::count(text.substr(0, byte), '\n'));
}

/// Where `{% word ` or `{%- word ` begins, Jinja comments left out; npos if it does not.
std::size_t find_block(std::string_view text, std::string_view word) {
  std::size_t at = 0;
  while ((at = text.find('{', at)) != std::string_view::npos) {
    std::string_view rest = text.substr(at + 1);
    if (rest.starts_with('#')) {
      at = text.find("#}", at);
      continue;
    }
    const std::size_t begin = rest.find_first_not_of("%-+ \t\r\n");
    if (rest.starts_with('%') && begin != std::string_view::npos) {
      rest.remove_prefix(begin);
      if (rest.starts_with(word) && rest.size() > word.size() && rest[word.size()] <= ' ')
        return at;
    }
    ++at;
  }
  return std::string_view::npos;
}

void refuse_block(const TextFile& file, std::string_view word) {
  const std::size_t at = find_block(file.text, word);
  if (at == std::string_view::npos) return;
  refuse(fmt::format("not supported yet: {} at {}:{}", word, file.path, line_of(file.text, at)));
}

bool lies_under(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/';
}

class ProjectReader {
 public:
  ProjectReader(const LoadOptions& options, const RenderYaml& render)
      : options_(options), render_(render), dir_(fs::absolute(options.project_dir)) {
    dir_ = dir_.lexically_normal();
    if (!dir_.has_filename()) dir_ = dir_.parent_path();
  }

  Project read() {
    project_.dir = dir_.string();
    read_settings();
    refuse_packages();
    refuse_default_selector();
    ignored_ = read_ignore_file();
    collect_files();
    read_sql_files();
    read_properties_files();
    project_.hash = hash();
    return std::move(project_);
  }

 private:
  void read_settings() {
    const fs::path path = dir_ / "dbt_project.yml";
    if (!fs::exists(path)) {
      refuse(fmt::format("{} is missing; name the folder that holds it", path.string()));
    }
    add_file("dbt_project.yml");
    const YamlNode document = YamlNode::parse(files_.at("dbt_project.yml"), "dbt_project.yml");
    const YamlValues before_target(render_, {.vars = &options_.vars});
    const std::string profile =
        options_.profile.empty() ? profile_name(document, before_target) : options_.profile;
    project_.target = read_target(profile, options_, render_);
    settings_ = read_project_file(
        document, YamlValues(render_, {.vars = &options_.vars, .target = &project_.target}));
    project_.name = settings_.name;
    project_.vars = vars_of(settings_, options_.vars);
    project_.on_run_start = settings_.on_run_start;
    project_.on_run_end = settings_.on_run_end;
    project_.test_config = settings_.tests;
  }

  void refuse_packages() const {
    for (const std::string name : {"packages.yml", "dependencies.yml"}) {
      if (!fs::exists(dir_ / name)) continue;
      const YamlNode document = YamlNode::parse(read_file(dir_ / name), name);
      for (const std::string_view key : {"packages", "projects"}) {
        const YamlNode* listed = document.find(key);
        if (listed == nullptr || listed->is_null() || listed->items().empty()) continue;
        refuse(fmt::format("not supported yet: packages ({})",
                           place_of(listed->items().front()).text()));
      }
    }
    const fs::path installed = dir_ / settings_.packages_path;
    if (!fs::is_directory(installed)) return;
    for (const auto& entry : fs::directory_iterator(installed)) {
      if (!fs::exists(entry.path() / "dbt_project.yml")) continue;
      refuse(fmt::format("not supported yet: packages ({} holds {})", settings_.packages_path,
                         entry.path().filename().string()));
    }
  }

  /// A selector runs only with --selector, which is not there, or as the default.
  void refuse_default_selector() const {
    const fs::path path = dir_ / "selectors.yml";
    if (!fs::exists(path)) return;
    const YamlNode document = YamlNode::parse(read_file(path), "selectors.yml");
    const YamlNode* listed = document.is_mapping() ? document.find("selectors") : nullptr;
    if (listed == nullptr || listed->is_null()) return;
    for (const auto& selector : listed->items()) {
      const YamlNode* chosen = selector.find("default");
      // What is no plain false may be true when dbt renders it.
      if (chosen == nullptr || plain_scalar(chosen->text()) == Json(false)) continue;
      refuse(
          fmt::format("{}: not supported yet: a selector with default: {}; say it in "
                      "transform.layers or with --select",
                      place_of(*chosen).text(), chosen->text()));
    }
  }

  IgnoreRules read_ignore_file() const {
    const fs::path path = dir_ / ".dbtignore";
    return fs::exists(path) ? IgnoreRules(read_file(path)) : IgnoreRules("");
  }

  void add_file(const std::string& relative) {
    if (files_.size() >= files_max) {
      refuse(fmt::format("{} holds more than {} project files", dir_.string(), files_max));
    }
    files_.emplace(relative, read_file(dir_ / relative));
  }

  void collect_files() {
    for (const auto* paths : {&settings_.model_paths, &settings_.seed_paths, &settings_.test_paths,
                              &settings_.macro_paths, &settings_.snapshot_paths}) {
      for (const auto& folder : *paths) collect_folder(folder);
    }
  }

  void collect_folder(const std::string& folder) {
    const fs::path root = dir_ / folder;
    if (!fs::is_directory(root)) return;  // as dbt: a path of the defaults may be absent
    for (const auto& entry :
         fs::recursive_directory_iterator(root, fs::directory_options::follow_directory_symlink)) {
      const std::string extension = to_lower(entry.path().extension().string());
      constexpr std::array known = {".sql", ".yml", ".yaml", ".csv", ".py"};
      if (!entry.is_regular_file() || std::ranges::find(known, extension) == known.end()) continue;
      const std::string relative = entry.path().lexically_relative(dir_).generic_string();
      if (!files_.contains(relative) && !ignored_.ignores(relative)) add_file(relative);
    }
  }

  /// The folder of `paths` that holds the file; nullptr if none does.
  static const std::string* folder_of(const std::vector<std::string>& paths,
                                      std::string_view path) {
    for (const auto& folder : paths) {
      if (lies_under(path, folder)) return &folder;
    }
    return nullptr;
  }

  void read_sql_files() {
    for (const auto& [path, text] : files_) {
      const std::string extension = to_lower(fs::path(path).extension().string());
      const TextFile file{.path = path, .text = text};
      if (extension == ".csv") {
        if (const auto* folder = folder_of(settings_.seed_paths, path)) {
          add_resource(ResourceType::seed, *folder, file);
        }
      } else if (extension == ".py" && folder_of(settings_.model_paths, path) != nullptr) {
        refuse(fmt::format("not supported: the Python model {}", path));
      } else if (extension == ".sql") {
        read_sql_file(file);
      }
    }
  }

  void read_sql_file(const TextFile& file) {
    if (folder_of(settings_.snapshot_paths, file.path) != nullptr) {
      refuse_block(file, "snapshot");
    } else if (folder_of(settings_.macro_paths, file.path) != nullptr) {
      refuse_block(file, "materialization");
      project_.macros.push_back(file);
    } else if (const auto* models = folder_of(settings_.model_paths, file.path)) {
      add_resource(ResourceType::model, *models, file);
    } else if (const auto* tests = folder_of(settings_.test_paths, file.path)) {
      // tests/generic holds {% test %} blocks; what stands beside it is one test a file.
      if (lies_under(file.path, *tests + "/generic")) {
        project_.macros.push_back(file);
      } else {
        add_resource(ResourceType::test, *tests, file);
      }
    }
  }

  void add_resource(ResourceType type, const std::string& folder, const TextFile& file) {
    Resource resource;
    resource.type = type;
    resource.path = file.path;
    resource.name = fs::path(file.path).stem().string();
    resource.fqn = fqn_of(folder, file.path);
    resource.sha256 = sha256_hex(trim(file.text));
    resource.bytes = file.text.size();
    if (type == ResourceType::seed) {
      resource.first_line = trim(file.text.substr(0, file.text.find('\n')));
    } else {
      resource.text = file.text;
    }
    resource.config = config_of(section_of(type), resource.fqn);
    list_of(type).push_back(std::move(resource));
  }

  std::vector<std::string> fqn_of(std::string_view folder, std::string_view path) const {
    std::vector<std::string> fqn = {settings_.name};
    for (auto& piece : split(path.substr(folder.size() + 1), '/')) fqn.push_back(std::move(piece));
    fqn.back() = fs::path(fqn.back()).stem().string();
    return fqn;
  }

  const Json& section_of(ResourceType type) const {
    if (type == ResourceType::seed) return settings_.seeds;
    return type == ResourceType::test ? settings_.tests : settings_.models;
  }

  std::vector<Resource>& list_of(ResourceType type) {
    if (type == ResourceType::seed) return project_.seeds;
    return type == ResourceType::test ? project_.singular_tests : project_.models;
  }

  void read_properties_files() {
    const YamlValues values(render_, {.vars = &project_.vars, .target = &project_.target});
    for (const auto& [path, text] : files_) {
      const std::string extension = to_lower(fs::path(path).extension().string());
      if ((extension != ".yml" && extension != ".yaml") || path == "dbt_project.yml") continue;
      const YamlNode document = YamlNode::parse(text, path);
      if (document.is_null()) continue;
      PropertiesFile file = read_properties(document, values);
      project_.exposures += file.exposures;
      for (auto& entry : file.entries) apply(std::move(entry));
      for (auto& source : file.sources) add_source(std::move(source), path);
    }
  }

  void apply(PropertiesFile::Entry entry) {
    const Place place = entry.properties.place;
    for (auto& resource : list_of(entry.type)) {
      if (resource.name != entry.name) continue;
      if (resource.properties.place.line != 0) {
        refuse(fmt::format("{}: the {} \"{}\" is described already at {}", place.text(),
                           name_of(entry.type), entry.name, resource.properties.place.text()));
      }
      merge_config(resource.config, entry.properties.config);
      resource.properties = std::move(entry.properties);
      return;
    }
    // As dbt: a description without its model is worth a warning, no more.
    log::warn("{}: there is no {} \"{}\"; what is said of it here has no effect", place.text(),
              name_of(entry.type), entry.name);
  }

  void add_source(SourceTable table, const std::string& path) {
    for (const auto& known : project_.sources) {
      if (known.source != table.source || known.table != table.table) continue;
      refuse(fmt::format("{}: the source table {}.{} is declared already at {}", table.place.text(),
                         table.source, table.table, known.place.text()));
    }
    const std::string* folder = folder_of(settings_.model_paths, path);
    table.fqn = fqn_of(folder != nullptr ? *folder : path.substr(0, path.find('/')), path);
    table.fqn.back() = table.source;
    table.fqn.push_back(table.table);
    Json config = config_of(settings_.sources, table.fqn);
    settle_freshness_of(table, config);
    merge_config(config, table.config);
    table.config = std::move(config);
    project_.sources.push_back(std::move(table));
  }

  /// `below` is what dbt_project.yml says of the table.
  static void settle_freshness_of(SourceTable& table, const Json& below) {
    std::vector<FreshnessStep> steps;
    if (const Json* given = below.find("freshness")) {
      steps.push_back({.given = *given, .place = "dbt_project.yml"});
    }
    steps.insert(steps.end(), table.freshness_steps.begin(), table.freshness_steps.end());
    table.freshness = settle_freshness(steps);
    if (!table.loaded_at_field.empty()) return;
    const Json* field = below.find("loaded_at_field");
    if (field != nullptr && !field->is_null()) table.loaded_at_field = python_text(*field);
  }

  /// The target's schema and the caller's vars change what a run does as much as a file.
  std::string hash() const {
    Sha256 digest;
    for (const auto& [path, text] : files_) {
      digest.update(fmt::format("{}\n{}\n", path, sha256_hex(text)));
    }
    digest.update(fmt::format("target {}\nschema {}\nvars {}\n", project_.target.name,
                              project_.target.schema, options_.vars.dump()));
    return digest.finish();
  }

  const LoadOptions& options_;
  const RenderYaml& render_;
  fs::path dir_;
  ProjectSettings settings_;
  IgnoreRules ignored_{""};
  std::map<std::string, std::string> files_;  // relative path -> text, sorted
  Project project_;
};

}  // namespace

Project load_project(const LoadOptions& options, const RenderYaml& render) {
  try {
    return ProjectReader(options, render).read();
  } catch (const fs::filesystem_error& error) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("cannot read the project in {}", options.project_dir))
        .caused_by(error);
  }
}

}  // namespace pipeline::dbt
