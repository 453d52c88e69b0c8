// The tables that sources name, read without rendering the project.
#include "stages/transform/project/source_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(SourceNames, AreIdentifiersElseNamesOfEveryYamlFileButDbtsOwnOutput) {
  const test::TempDir project;
  project.write("models/a.yml",
                "sources:\n  - name: s\n    tables:\n      - name: plain\n      - name: alias\n"
                "        identifier: Costs_items\n");
  project.write("models/deep/b.yaml", "sources:\n  - name: t\n    tables:\n      - name: other\n");
  project.write("target/c.yml", "sources:\n  - name: t\n    tables:\n      - name: compiled\n");
  project.write("dbt_project.yml", "name: p\nsources:\n  p:\n    +enabled: true\n");
  project.write("models/broken.sql", "select {{ nonsense");
  EXPECT_THAT(source_table_names(project.path()), ElementsAre("Costs_items", "other", "plain"));
}

TEST(SourceNames, RefusesANameThatOnlyRenderingWouldTell) {
  const test::TempDir project;
  project.write("models/a.yml",
                "sources:\n  - name: s\n    tables:\n      - name: x\n"
                "        identifier: \"{{ var('t') }}\"\n");
  try {
    source_table_names(project.path());
    FAIL() << "an unknown table could have been dropped";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
    EXPECT_THAT(error.message(), HasSubstr("a.yml:5:"));
  }
}

}  // namespace
}  // namespace pipeline
