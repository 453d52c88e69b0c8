// Keeps the pipeline out of accounts that it was not set up for.
#pragma once

#include <memory>
#include <string>

#include "common/aws/credentials.h"
#include "common/aws/service_client.h"

namespace pipeline::aws {

struct ExpectedAccount {
  std::string account;  // twelve digits
  std::string where;    // "pipeline.yaml:7:12", for messages
};

/// Gives out no credentials but those of one account: STS is asked whose each newly fetched set is.
/// Keys of another account are config_invalid, with both numbers, the ARN and where the keys came
/// from. Other errors are those of the source and of Sts. Thread-safe if the source is.
class AccountCheckedCredentials : public CredentialsSource {
 public:
  /// `region` is that of STS; empty: the endpoint for all of AWS.
  AccountCheckedCredentials(std::shared_ptr<CredentialsSource> source, ExpectedAccount expected,
                            ServiceOptions services, std::string region);

  Credentials fetch() override;
  Credentials renew(const Credentials& refused) override;
  std::string text() const override { return source_->text(); }

 private:
  Credentials checked(Credentials credentials);

  std::shared_ptr<CredentialsSource> source_;
  ExpectedAccount expected_;
  ServiceClient client_;
  std::string region_;
};

}  // namespace pipeline::aws
