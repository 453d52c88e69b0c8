// A project folder becomes values, or a refusal that names file and line.
#include "stages/transform/project/project_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/support/temp_dir.h"

namespace pipeline::dbt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Json no_jinja(const std::string& text, const Place&, const YamlScope&) {
  return text;
}

class ProjectLoader : public ::testing::Test {
 protected:
  ProjectLoader() {
    dir.write("dbt_project.yml",
              "name: shop\nprofile: p\nvars: {a: 1, shop: {b: 2}}\n"
              "models: {shop: {silver: {+schema: silver}}}\n");
    dir.write("profiles.yml",
              "p: {target: dev, outputs: {dev: {type: mysql, schema: main, threads: 3, "
              "password: hunter22}}}\n");
    dir.write("models/silver/a.sql", "select 1\n");
    dir.write("models/silver/a.yml",
              "models:\n- name: a\n  config: {materialized: table}\n  columns:\n"
              "  - {name: id, tests: [unique, {not_null: {severity: warn}}]}\n");
    dir.write("seeds/s.csv", "id\n1\n");
    dir.write("tests/generic/even.sql", "{% test even(model) %}{% endtest %}\n");
    dir.write("tests/one.sql", "select 1\n");
    dir.write("macros/m.sql", "{% macro m() %}{% endmacro %}\n");
  }

  Project load() const { return load_project(options(), no_jinja); }
  LoadOptions options() const {
    LoadOptions given;
    given.project_dir = dir.path();
    return given;
  }
  std::string refusal() const {
    try {
      load();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
      return error.message();
    }
    return "nothing was refused";
  }

  test::TempDir dir;
};

TEST_F(ProjectLoader, FindsEveryResourceWithItsSettings) {
  const Project project = load();
  EXPECT_EQ(project.name, "shop");
  ASSERT_EQ(project.models.size(), 1u);
  const Resource& model = project.models.front();
  EXPECT_EQ(model.path, "models/silver/a.sql");
  EXPECT_THAT(model.fqn, ElementsAre("shop", "silver", "a"));
  EXPECT_EQ(model.config, Json::parse(R"({"schema": "silver", "materialized": "table"})"));
  ASSERT_EQ(model.properties.tests.size(), 2u);
  EXPECT_EQ(model.properties.tests[0].macro, "unique");
  EXPECT_EQ(model.properties.tests[1].config, Json::parse(R"({"severity": "warn"})"));
  EXPECT_EQ(model.properties.tests[1].place.text(), "models/silver/a.yml:5");
  ASSERT_EQ(project.seeds.size(), 1u);
  ASSERT_EQ(project.singular_tests.size(), 1u);
  EXPECT_EQ(project.macros.size(), 2u);
}

TEST_F(ProjectLoader, LaysTheProjectsOwnVarsOverTheCommonOnesAndTheCallersOnTop) {
  EXPECT_EQ(load().vars, Json::parse(R"({"a": 1, "b": 2})"));
  LoadOptions given = options();
  given.vars = Json::parse(R"({"b": 3})");
  EXPECT_EQ(load_project(given, no_jinja).vars, Json::parse(R"({"a": 1, "b": 3})"));
}

TEST_F(ProjectLoader, KeepsThePasswordOutOfTheFieldsThatTemplatesSee) {
  const Project project = load();
  EXPECT_EQ(project.target.schema, "main");
  EXPECT_EQ(project.target.threads, 3);
  EXPECT_EQ(project.target.password.reveal(), "hunter22");
  EXPECT_EQ(project.target.fields.find("password"), nullptr);
}

TEST_F(ProjectLoader, HashesWhateverChangesARun) {
  const std::string before = load().hash;
  EXPECT_EQ(load().hash, before);
  dir.write("README.md", "words");
  EXPECT_EQ(load().hash, before);
  dir.write("macros/m.sql", "{% macro m() %} {% endmacro %}\n");
  const std::string with_macro = load().hash;
  EXPECT_NE(with_macro, before);
  dir.write("seeds/s.csv", "id\n2\n");
  EXPECT_NE(load().hash, with_macro);
  LoadOptions given = options();
  given.vars = Json::parse(R"({"b": 3})");
  EXPECT_NE(load_project(given, no_jinja).hash, load().hash);
}

TEST_F(ProjectLoader, NamesWhatItDoesNotSupport) {
  dir.write("models/m.py", "def model(): pass");
  EXPECT_THAT(refusal(), HasSubstr("Python model models/m.py"));
}

TEST_F(ProjectLoader, RefusesATestWithASecondKeyBesideItsName) {
  dir.write("models/silver/a.yml",
            "models:\n- name: a\n  tests:\n  - accepted_values:\n    values: [1]\n");
  EXPECT_THAT(refusal(), HasSubstr("models/silver/a.yml:4: the test \"accepted_values\" has a "
                                   "second key \"values\""));
}

TEST_F(ProjectLoader, RefusesSettingsOfATestThatAreNoMapping) {
  dir.write("models/silver/a.yml",
            "models:\n- name: a\n  tests:\n  - accepted_values:\n      arguments: [1]\n");
  EXPECT_THAT(refusal(), HasSubstr("models/silver/a.yml:5: expected a mapping"));
}

TEST_F(ProjectLoader, RefusesTwoDescriptionsOfOneModel) {
  dir.write("models/b.yml", "models: [{name: a}]\n");
  EXPECT_THAT(refusal(), HasSubstr("is described already at models/b.yml:1"));
}

TEST_F(ProjectLoader, SaysWhichTargetsThereAre) {
  LoadOptions given = options();
  given.target = "prod";
  try {
    load_project(given, no_jinja);
    FAIL() << "an unknown target was accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("there is no target \"prod\"; there is: dev"));
  }
}

}  // namespace
}  // namespace pipeline::dbt
