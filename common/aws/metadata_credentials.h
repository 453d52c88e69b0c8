// Credentials of the container (ECS, EKS) or of the instance (EC2) that this process runs on.
#pragma once

#include <optional>
#include <string>

#include "common/aws/credentials.h"
#include "common/aws/variables.h"
#include "common/base/clock.h"
#include "common/http/http_client.h"

namespace pipeline::aws {

/// Where the two answer; others in tests alone.
struct MetadataHosts {
  std::string container_origin = "http://169.254.170.2";
  std::string instance_origin = "http://169.254.169.254";
};

struct MetadataOptions {
  MetadataHosts hosts;
  http::ClientOptions http;
  Clock* clock = &system_clock();
  Variables variables = process_variables();
};

/// The URL that AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or, if that is not set,
/// AWS_CONTAINER_CREDENTIALS_FULL_URI means; nullopt if neither is set. Throws config_invalid for a
/// full one in clear text to a host that is neither this one nor one of ECS and EKS: the
/// credentials and the token would be read on the way.
std::optional<std::string> container_url(const MetadataHosts& hosts, const Variables& variables);

/// Asks `url` with AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN, the
/// file first. Throws access_denied for a refusal or an answer without keys, unavailable where
/// nobody answers.
Credentials fetch_container_credentials(const std::string& url, const MetadataOptions& options);

/// Asks for a token first (IMDSv2) and never without one. AWS_EC2_METADATA_SERVICE_ENDPOINT,
/// AWS_METADATA_SERVICE_TIMEOUT (1 s) and AWS_METADATA_SERVICE_NUM_ATTEMPTS (2) are heard. Throws
/// unavailable where nobody answers, access_denied where there is no role.
Credentials fetch_instance_credentials(const MetadataOptions& options);

/// AWS_EC2_METADATA_DISABLED=true, in any letter case.
enum class InstanceMetadata { enabled, disabled };
InstanceMetadata instance_metadata(const Variables& variables);

}  // namespace pipeline::aws
