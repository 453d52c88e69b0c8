// AWS credentials as the AWS CLI finds them, from its variables, files and services.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "common/aws/cached_credentials.h"
#include "common/aws/credential_plan.h"
#include "common/aws/service_client.h"

namespace pipeline::aws {

struct ChainOptions {
  std::string profile;  // empty: AWS_PROFILE, else "default"
  std::string region;   // of STS; empty: as plan_region() finds it
  ServiceOptions services;
  MetadataHosts hosts;
  std::chrono::milliseconds process_limit{60'000};  // of a credential_process
  std::stop_token stop;                             // ends a credential_process
};

/// Finds the source anew with each fetch(), so that changed files and variables are heard, and
/// keeps nothing. Errors name the source that was asked, why it did not serve, and why those before
/// it were passed over: the kinds of plan_credentials(), Sts, the metadata and credential_process.
/// Thread-safe.
class CredentialChain : public CredentialsSource {
 public:
  explicit CredentialChain(ChainOptions options);
  Credentials fetch() override;
  std::string text() const override;

  /// The region that is named for AWS; empty if none is.
  std::string region() const;

 private:
  Credentials obtain(const CredentialPlan& plan, ServiceClient& client, const std::string& region);

  ChainOptions options_;
};

}  // namespace pipeline::aws
