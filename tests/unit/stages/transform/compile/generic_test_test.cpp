// Names and ids of generic tests, against those that dbt is known to make.
#include "stages/transform/compile/generic_test.h"

#include <gtest/gtest.h>

namespace pipeline::dbt {
namespace {

GenericTest column_test(std::string macro, std::string column, std::string_view arguments) {
  GenericTest test;
  test.macro = std::move(macro);
  test.column = std::move(column);
  test.arguments = Json::parse(arguments);
  return test;
}

std::string id(const GenericTest& test, const TestTarget& target) {
  const TestNames names = names_of_test(test, target);
  return names.full + "." + names.suffix;
}

// The ids that dbt 1.x gives to the tests of dbt-labs/jaffle_shop.
TEST(NamesOfTest, EqualThoseOfDbt) {
  EXPECT_EQ(id(column_test("not_null", "customer_id", "{}"), {.source = "", .name = "customers"}),
            "not_null_customers_customer_id.5c9bf9911d");
  EXPECT_EQ(id(column_test("accepted_values", "status",
                           R"({"values": ["placed", "shipped", "completed", "return_pending",
                                          "returned"]})"),
               {.source = "", .name = "orders"}),
            "accepted_values_orders_status__placed__shipped__completed__return_pending__returned."
            "be6b5b5ec3");
  EXPECT_EQ(id(column_test("relationships", "customer_id",
                           R"json({"to": "ref('customers')", "field": "customer_id"})json"),
               {.source = "", .name = "orders"}),
            "relationships_orders_customer_id__customer_id__ref_customers_.c6ec7f58f2");
}

TEST(NamesOfTest, CutLongNamesWithTheirHash) {
  const TestNames names = names_of_test(column_test("accepted_values", "status",
                                                    R"({"values": ["placed", "shipped", "completed",
                                               "return_pending", "returned"]})"),
                                        {.source = "", .name = "orders"});
  EXPECT_EQ(names.alias, "accepted_values_orders_1ce6ab157c285f7cd2ac656013faf758");
}

}  // namespace
}  // namespace pipeline::dbt
