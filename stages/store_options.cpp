#include "stages/store_options.h"

#include "common/aws/credential_chain.h"
#include "common/stage/secrets.h"

namespace pipeline {
namespace {

/// The keys of the places that pipeline.yaml names, read anew each time.
class ReferencedCredentials : public aws::CredentialsSource {
 public:
  explicit ReferencedCredentials(S3Config::Keys keys) : keys_(std::move(keys)) {}

  aws::Credentials fetch() override {
    aws::Credentials credentials{.access_key_id = resolve_secret(keys_.access_key_id),
                                 .secret_access_key = resolve_secret(keys_.secret_access_key),
                                 .origin = text()};
    if (keys_.session_token.source != SecretReference::Source::none) {
      credentials.session_token = resolve_secret(keys_.session_token);
    }
    return credentials;
  }
  std::string text() const override { return keys_.secret_access_key.text(); }

 private:
  S3Config::Keys keys_;
};

S3Addressing addressing_of(S3Config::Addressing addressing) {
  switch (addressing) {
    case S3Config::Addressing::by_endpoint:
      return S3Addressing::by_endpoint;
    case S3Config::Addressing::path:
      return S3Addressing::path;
    case S3Config::Addressing::virtual_host:
      return S3Addressing::virtual_host;
  }
  return S3Addressing::by_endpoint;
}

}  // namespace

S3Options store_options(const PipelineConfig& config) {
  S3Options options;
  if (!config.source.s3) return options;
  const S3Config& s3 = *config.source.s3;
  options.endpoint = s3.endpoint;
  options.region = s3.region;
  options.addressing = addressing_of(s3.addressing);
  options.ca_file = s3.tls_ca;
  if (s3.keys) {
    options.credentials = std::make_shared<ReferencedCredentials>(*s3.keys);
  } else {
    aws::ChainOptions chain;
    chain.services.http.ca_file = chain.services.variables("AWS_CA_BUNDLE").value_or(std::string());
    options.credentials = std::make_shared<aws::CredentialChain>(std::move(chain));
  }
  return options;
}

}  // namespace pipeline
