// Server error numbers as kinds of errors.
#include "common/mariadb/server_errors.h"

#include <gtest/gtest.h>

namespace pipeline {
namespace {

TEST(ServerErrors, HaveTheKindThatTheStateMachineNeeds) {
  struct Case {
    unsigned int number;
    ErrorKind kind;
  };
  const Case cases[] = {
      {1205, ErrorKind::lock_contention},    {1213, ErrorKind::lock_contention},
      {1969, ErrorKind::timed_out},          {3024, ErrorKind::timed_out},
      {2002, ErrorKind::unavailable},        {2003, ErrorKind::unavailable},
      {2005, ErrorKind::unavailable},        {2006, ErrorKind::unavailable},
      {2013, ErrorKind::unavailable},        {1040, ErrorKind::unavailable},
      {1053, ErrorKind::unavailable},        {1203, ErrorKind::unavailable},
      {1226, ErrorKind::unavailable},        {1927, ErrorKind::unavailable},
      {1044, ErrorKind::access_denied},      {1045, ErrorKind::access_denied},
      {1142, ErrorKind::access_denied},      {1143, ErrorKind::access_denied},
      {1227, ErrorKind::access_denied},      {1370, ErrorKind::access_denied},
      {1698, ErrorKind::access_denied},      {4151, ErrorKind::access_denied},
      {3118, ErrorKind::access_denied},      {5010, ErrorKind::access_denied},
      {3, ErrorKind::resource_exhausted},    {1021, ErrorKind::resource_exhausted},
      {1114, ErrorKind::resource_exhausted}, {1153, ErrorKind::resource_exhausted},
      {1290, ErrorKind::wrong_database},     {1836, ErrorKind::wrong_database},
      {2026, ErrorKind::wrong_database},     {1317, ErrorKind::cancelled},
      {1064, ErrorKind::sql_rejected},       {1146, ErrorKind::sql_rejected},
      {2014, ErrorKind::internal},
  };
  for (const auto& [number, kind] : cases) {
    EXPECT_EQ(kind_of_server_error(number), kind) << number;
  }
}

TEST(ServerErrors, AreSqlRejectedWhenTheNumberIsUnknown) {
  EXPECT_EQ(kind_of_server_error(0), ErrorKind::sql_rejected);
  EXPECT_EQ(kind_of_server_error(1), ErrorKind::sql_rejected);
  EXPECT_EQ(kind_of_server_error(99'999), ErrorKind::sql_rejected);
}

}  // namespace
}  // namespace pipeline
