#include "stages/store_options.h"

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

S3Options store_place(const PipelineConfig& config) {
  S3Options options;
  if (!config.source.s3) return options;
  const S3Config& s3 = *config.source.s3;
  options.endpoint = s3.endpoint;
  options.region = s3.region;
  options.addressing = addressing_of(s3.addressing);
  options.ca_file = s3.tls_ca;
  return options;
}

S3Options store_options(const PipelineConfig& config) {
  return store_options(config, *pipeline_aws(config));
}

S3Options store_options(const PipelineConfig& config, PipelineAws& aws) {
  S3Options options = store_place(config);
  if (!config.source.s3) return options;
  const S3Config& s3 = *config.source.s3;
  if (!s3.keys) {
    options.credentials = aws.credentials();
  } else {
    options.credentials = std::make_shared<ReferencedCredentials>(*s3.keys);
    // Keys of another service than Amazon's belong to no account.
    if (s3.endpoint.empty()) options.credentials = aws.checked(options.credentials, s3.region);
  }
  // Whose keys these are is to be known before anything is touched, not with the first object.
  if (!config.aws.account.empty()) options.credentials->fetch();
  return options;
}

namespace {

DumpPlaces::Manifests manifests_of(SourceConfig::Manifest manifest) {
  switch (manifest) {
    case SourceConfig::Manifest::ignore:
      return DumpPlaces::Manifests::ignored;
    case SourceConfig::Manifest::optional:
      return DumpPlaces::Manifests::optional;
    case SourceConfig::Manifest::required:
      return DumpPlaces::Manifests::required;
  }
  return DumpPlaces::Manifests::required;
}

}  // namespace

DumpPlaces dump_places(const PipelineConfig& config) {
  return {.prefix = config.source.prefix,
          .pattern = config.source.object_pattern,
          .processed_prefix = config.source.processed_prefix,
          .quarantine_prefix = config.source.quarantine_prefix,
          .quarantine_after = config.source.quarantine_after,
          .manifests = manifests_of(config.source.manifest)};
}

}  // namespace pipeline
