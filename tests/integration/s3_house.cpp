#include "tests/integration/s3_house.h"

#include <atomic>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/object_store/s3_client.h"

namespace pipeline::test {
namespace {

std::unique_ptr<Radosgw> the_gateway;

/// The gateway must end with the program, and in the thread that started it.
class EndOfGateway : public testing::Environment {
 public:
  void TearDown() override { S3House::end_gateway(); }
};
const testing::Environment* const registered = testing::AddGlobalTestEnvironment(new EndOfGateway);

}  // namespace

S3House::S3House() : bucket_(make_bucket()) {}

Radosgw& S3House::gateway() {
  // One that does not start is not waited for again by each test. Between the choice of a port and
  // its use another program may take it, so there is more than one attempt.
  constexpr std::size_t attempts_max = 3;
  static std::vector<std::string> failures;
  while (!the_gateway) {
    if (failures.size() >= attempts_max) throw Error(ErrorKind::unavailable, failures.back());
    try {
      the_gateway = std::make_unique<Radosgw>();
    } catch (const Error& error) {
      failures.emplace_back(error.what());
    }
  }
  return *the_gateway;
}

void S3House::end_gateway() {
  the_gateway.reset();
}

S3Options S3House::options() {
  return {.endpoint = gateway().endpoint(),
          .region = "us-east-1",
          .credentials =
              std::make_shared<FixedCredentials>(gateway().access_key(), gateway().secret_key()),
          .retry = {.first_delay_max = std::chrono::milliseconds(10),
                    .delay_max = std::chrono::milliseconds(50)}};
}

std::string S3House::make_bucket() {
  static std::atomic<int> serial{0};
  std::string bucket = fmt::format("bucket-{}", ++serial);
  const S3Options asked = options();
  S3Client client(
      {.address = s3_address("s3://" + bucket, asked.endpoint, asked.region, S3Addressing::path),
       .region = asked.region,
       .credentials = asked.credentials,
       .http = {},
       .clock = &system_clock()});
  client.call({.method = http::Method::put});
  return bucket;
}

}  // namespace pipeline::test
