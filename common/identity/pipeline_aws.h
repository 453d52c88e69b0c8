// Who the pipeline is to AWS: the section aws of pipeline.yaml, for the store and for secrets
// alike.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "common/aws/credential_chain.h"
#include "common/aws/secrets_manager.h"
#include "common/stage/pipeline_config.h"

namespace pipeline {

/// Bounds of what is asked of AWS, for one who cannot wait long.
struct PipelineAwsOptions {
  std::function<void()> check_cancelled = [] {};  // throws to end the work
  std::stop_token stop;                           // ends a credential_process
  std::chrono::milliseconds process_limit{60'000};
  std::chrono::milliseconds silence_limit{20'000};  // of one attempt
  RetryLimits retry{.attempts_max = 4};
  /// Told why a request is made again.
  std::function<void(const std::string& why)> will_retry = [](const std::string&) {};
  /// How much time there is; what AWS asks to be waited for is given up at once if that is longer.
  /// Empty: nobody knows.
  std::function<std::chrono::milliseconds()> left = {};
};

/// Thread-safe. Sends nothing before it is asked for something.
class PipelineAws {
 public:
  explicit PipelineAws(const PipelineConfig& config, const PipelineAwsOptions& options = {});

  /// The keys that the AWS CLI would find, by aws.profile if it is given; kept until shortly before
  /// they expire, and of aws.account alone, if that is given.
  std::shared_ptr<aws::CredentialsSource> credentials() { return credentials_; }
  /// `keys`, of aws.account alone, if that is given. `region` is that of STS, if aws.region does
  /// not name one.
  std::shared_ptr<aws::CredentialsSource> checked(std::shared_ptr<aws::CredentialsSource> keys,
                                                  const std::string& region);

  /// Whose these keys are. `region` as above. Errors are those of Sts.
  aws::CallerIdentity identity_of(const aws::Credentials& keys, const std::string& region);

  /// As aws::SecretsManager::login(), in the region of the secret's ARN, else aws.region, else the
  /// one that AWS's tools would take; config_invalid if none is named.
  std::optional<aws::SecretLogin> secret_login(const std::string& secret, std::string_view stage);
  /// Calls other services, with credentials().
  aws::ServiceClient& client() { return client_; }

 private:
  AwsConfig config_;
  aws::ServiceOptions services_;
  std::shared_ptr<aws::CredentialChain> chain_;
  std::shared_ptr<aws::CredentialsSource> credentials_;
  aws::ServiceClient client_;
};

/// The one of this process for this pipeline.yaml: what one fetched, the others use.
std::shared_ptr<PipelineAws> pipeline_aws(const PipelineConfig& config);

}  // namespace pipeline
