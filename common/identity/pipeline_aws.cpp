#include "common/identity/pipeline_aws.h"

#include <map>
#include <mutex>

#include <fmt/core.h>

#include "common/aws/account_check.h"
#include "common/aws/sts.h"
#include "common/base/error.h"

namespace pipeline {
namespace {

aws::ServiceOptions service_options(const PipelineAwsOptions& options) {
  aws::ServiceOptions services;
  services.http.check_cancelled = options.check_cancelled;
  services.retry = options.retry;
  services.will_retry = options.will_retry;
  services.left = options.left;
  services.http.ca_file = services.variables("AWS_CA_BUNDLE").value_or("");
  services.http.silence_limit = options.silence_limit;
  return services;
}

}  // namespace

PipelineAws::PipelineAws(const PipelineConfig& config, const PipelineAwsOptions& options)
    : config_(config.aws),
      services_(service_options(options)),
      chain_(std::make_shared<aws::CredentialChain>(
          aws::ChainOptions{.profile = config_.profile,
                            .region = config_.region,
                            .services = services_,
                            .process_limit = options.process_limit,
                            .stop = options.stop})),
      client_(services_) {
  credentials_ = std::make_shared<aws::CachedCredentials>(
      config_.account.empty() ? std::static_pointer_cast<aws::CredentialsSource>(chain_)
                              : checked(chain_, chain_->region()),
      *services_.clock);
}

std::shared_ptr<aws::CredentialsSource> PipelineAws::checked(
    std::shared_ptr<aws::CredentialsSource> keys, const std::string& region) {
  if (config_.account.empty()) return keys;
  return std::make_shared<aws::AccountCheckedCredentials>(
      std::move(keys),
      aws::ExpectedAccount{.account = config_.account, .where = config_.account_where}, services_,
      config_.region.empty() ? region : config_.region);
}

aws::CallerIdentity PipelineAws::identity_of(const aws::Credentials& keys,
                                             const std::string& region) {
  const std::string& named = config_.region.empty() ? region : config_.region;
  return aws::Sts(client_, named.empty() ? chain_->region() : named).get_caller_identity(keys);
}

std::optional<aws::SecretLogin> PipelineAws::secret_login(const std::string& secret,
                                                          std::string_view stage) {
  const std::string region = aws::region_of_secret(secret).value_or(chain_->region());
  if (region.empty()) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("no region is named for the secret {} of Secrets Manager: give "
                            "aws.region, AWS_REGION or the region of the profile",
                            secret));
  }
  return aws::SecretsManager(client_, region).login(secret, stage, *credentials_);
}

std::shared_ptr<PipelineAws> pipeline_aws(const PipelineConfig& config) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<PipelineAws>> by_path;  // one in a program
  const std::lock_guard lock(mutex);
  auto& kept = by_path[config.path];
  if (!kept) kept = std::make_shared<PipelineAws>(config);
  return kept;
}

}  // namespace pipeline
