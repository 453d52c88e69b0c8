// Which nodes a selection builds, and which tests belong to it.
#include "stages/transform/compile/node_selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Node node(ResourceType type, const std::string& name, std::vector<std::string> parents) {
  Node made;
  made.type = type;
  made.unique_id = name;
  made.name = name;
  made.depends_on = std::move(parents);
  return made;
}

Node model(const std::string& layer, const std::string& name, std::vector<std::string> parents) {
  Node made = node(ResourceType::model, name, std::move(parents));
  made.place.file = "models/" + layer + "/" + name + ".sql";
  made.fqn = {"shop", layer, name};
  return made;
}

Node check(const std::string& name, std::vector<std::string> parents) {
  Node made = node(ResourceType::test, name, std::move(parents));
  made.place.file = "tests/" + name + ".sql";
  made.fqn = {"shop", name};
  return made;
}

class NodeSelector : public ::testing::Test {
 protected:
  NodeSelector()
      : graph({node(ResourceType::source, "raw", {}), model("silver", "s1", {"raw"}),
               model("silver", "s2", {"s1"}), model("gold", "g1", {"s2"}),
               check("of_source", {"raw"}), check("of_silver", {"s1", "s2"}),
               check("of_both", {"s2", "g1"}), check("of_gold", {"g1"})}) {}

  Selection select(std::vector<std::string> entries) const {
    return select_nodes(graph, {.select = std::move(entries), .exclude = {}, .is_published = {}});
  }

  Graph graph;
};

TEST_F(NodeSelector, RunsEachTestWithTheLastLayerItLooksAt) {
  const Selection silver = select({"path:models/silver"});
  EXPECT_THAT(silver.built, ElementsAre("s1", "s2"));
  EXPECT_THAT(silver.tests, ElementsAre("of_source", "of_silver"));
  const Selection gold = select({"path:models/gold/"});
  EXPECT_THAT(gold.built, ElementsAre("g1"));
  EXPECT_THAT(gold.tests, ElementsAre("of_both", "of_gold"));
}

TEST_F(NodeSelector, LeavesATestOutWhoseOtherNodesWereNeverPublished) {
  const Selection gold =
      select_nodes(graph, {.select = {"g1"}, .exclude = {}, .is_published = [](const Node& other) {
                             return other.name != "s2";
                           }});
  EXPECT_THAT(gold.tests, ElementsAre("of_gold"));
}

TEST_F(NodeSelector, TakesATestThatIsNamed) {
  const Selection named = select({"of_silver"});
  EXPECT_THAT(named.built, IsEmpty());
  EXPECT_THAT(named.tests, ElementsAre("of_silver"));
}

TEST_F(NodeSelector, WalksUpAndDownByLevels) {
  EXPECT_THAT(select({"1+g1"}).built, ElementsAre("s2", "g1"));
  EXPECT_THAT(select({"+g1"}).built, ElementsAre("s1", "s2", "g1"));
  EXPECT_THAT(select({"s1+1"}).built, ElementsAre("s1", "s2"));
  EXPECT_THAT(select({"silver.s*"}).built, ElementsAre("s1", "s2"));
  EXPECT_THAT(select({"+g1,path:models/silver"}).built, ElementsAre("s1", "s2"));
}

TEST_F(NodeSelector, KnowsSettingsWithTheirDefaults) {
  Node table = model("silver", "t", {});
  table.config.raw = Json::parse(R"({"materialized": "table", "meta": {"owner": "sales"},
                                     "tags": ["nightly"], "full_refresh": false})");
  const Graph settings({table, model("silver", "v", {}), check("singular", {"t"})});
  const auto built = [&](const std::string& entry) {
    return select_nodes(settings, {.select = {entry}, .exclude = {}, .is_published = {}}).built;
  };
  EXPECT_THAT(built("config.materialized:table"), ElementsAre("t"));
  EXPECT_THAT(built("config.materialized:view"), ElementsAre("v"));
  EXPECT_THAT(built("config.meta.owner:sales"), ElementsAre("t"));
  EXPECT_THAT(built("config.meta:owner"), ElementsAre("t"));
  EXPECT_THAT(built("config.tags:nightly"), ElementsAre("t"));
  EXPECT_THAT(built("config.full_refresh:False"), ElementsAre("t"));
  EXPECT_THAT(built("package:shop,resource_type:model"), ElementsAre("t", "v"));
  EXPECT_THAT(
      select_nodes(settings, {.select = {"test_type:singular"}, .exclude = {}, .is_published = {}})
          .tests,
      ElementsAre("singular"));
  EXPECT_THAT(
      select_nodes(settings, {.select = {"test_name:singular"}, .exclude = {}, .is_published = {}})
          .tests,
      ElementsAre("singular"));
}

TEST_F(NodeSelector, GivesAllThatMatchesWithoutTheTestsThatHangOnIt) {
  EXPECT_THAT(matching_nodes(graph, {"+s2"}, {}), ElementsAre("raw", "s1", "s2"));
  EXPECT_THAT(matching_nodes(graph, {}, {"path:models", "of_*"}), ElementsAre("raw"));
  EXPECT_THAT(matching_nodes(graph, {"s1 g1"}, {"g1"}), ElementsAre("s1"));
  EXPECT_THAT(matching_nodes(graph, {"g1+"}, {}), ElementsAre("g1", "of_both", "of_gold"));
}

TEST_F(NodeSelector, NamesTheMethodItDoesNotKnowAndTheNearestFolder) {
  const auto refusal = [&](const std::string& entry) {
    try {
      select({entry});
    } catch (const Error& error) {
      return error.message();
    }
    return std::string("nothing was refused");
  };
  EXPECT_EQ(refusal("state:modified"),
            "the selection \"state:modified\" uses the method \"state:\", which is not supported; "
            "there is path:, file:, tag:, fqn:, resource_type:, source:, package:, test_type:, "
            "test_name:, config.KEY:");
  EXPECT_EQ(refusal("path:models/silvr"),
            "the selection \"path:models/silvr\" matches nothing in the project; did you mean "
            "\"models/silver\"?");
}

}  // namespace
}  // namespace pipeline::dbt
