// Which values of a validation say yes.
#include "stages/transform/run/validation.h"

#include <gtest/gtest.h>

namespace pipeline::dbt {
namespace {

TEST(NonzeroNumber, IsAnyNumberButZero) {
  for (const char* text : {"1", "-1", "+1", "0.5", ".5", "5.", "0.0001", "1e0", "2.5E-300", "-0.10",
                           "9223372036854775808", "1e999"}) {
    EXPECT_TRUE(is_nonzero_number(text)) << text;
  }
  for (const char* text : {"0", "-0", "0.00", ".0", "0e5", "0.0e12"}) {
    EXPECT_FALSE(is_nonzero_number(text)) << text;
  }
}

TEST(NonzeroNumber, IsNoTextThatOnlyBeginsLikeOne) {
  for (const char* text : {"", "-", ".", "e1", "1e", "1e+", "1x", " 1", "1 ", "true", "0x1", "--1",
                           "1.2.3", "nan", "inf"}) {
    EXPECT_FALSE(is_nonzero_number(text)) << text;
  }
}

}  // namespace
}  // namespace pipeline::dbt
