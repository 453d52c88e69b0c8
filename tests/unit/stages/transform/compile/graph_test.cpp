// The order of nodes, and the circle that an operator has to find in the files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "stages/transform/compile/node.h"

namespace pipeline::dbt {
namespace {

using ::testing::ElementsAre;

Node node(const std::string& id, std::vector<std::string> parents) {
  Node made;
  made.unique_id = id;
  made.name = id;
  made.place.file = id + ".sql";
  made.depends_on = std::move(parents);
  return made;
}

TEST(Graph, PutsParentsFirstAndEqualsByName) {
  const Graph graph({node("a", {"z"}), node("c", {}), node("b", {}), node("z", {"c"})});
  EXPECT_THAT(graph.order(), ElementsAre("b", "c", "z", "a"));
  EXPECT_THAT(graph.children("c"), ElementsAre("z"));
  EXPECT_THAT(graph.ancestors("a"), ElementsAre("c", "z"));
  EXPECT_THAT(graph.descendants("c"), ElementsAre("a", "z"));
}

TEST(Graph, NamesTheFilesOfACircle) {
  try {
    const Graph graph({node("a", {"b"}), node("b", {"c"}), node("c", {"b"})});
    FAIL() << "a circle was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "the models form a circle: b (b.sql) -> c (c.sql) -> b (b.sql)");
  }
}

}  // namespace
}  // namespace pipeline::dbt
