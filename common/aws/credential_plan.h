// Which source of credentials serves, in the order of the AWS CLI: a pure function of variables and
// files.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/aws/credentials.h"
#include "common/aws/metadata_credentials.h"
#include "common/aws/shared_config.h"
#include "common/aws/sts.h"
#include "common/aws/variables.h"

namespace pipeline::aws {

struct CredentialPlan;

struct StaticKeys {
  Credentials credentials;
};
struct ProcessCommand {
  std::string command;
};
struct WebIdentity {
  AssumeRole role;
  std::string token_file;
};
struct AssumedRole {
  AssumeRole role;
  std::shared_ptr<const CredentialPlan> as;  // never null
};
struct ContainerKeys {
  std::string url;
};
struct InstanceKeys {};

struct CredentialPlan {
  std::variant<StaticKeys, ProcessCommand, WebIdentity, AssumedRole, ContainerKeys, InstanceKeys>
      how;
  std::string origin;  // "profile dev of /root/.aws/config", for messages
};

struct PlanRequest {
  std::string profile;       // of pipeline.yaml; empty: AWS_PROFILE, else "default"
  std::string session_name;  // of a role for which nobody names one
  MetadataHosts hosts;
};

/// The source that serves, and why those before it do not ("AWS_ACCESS_KEY_ID is not set").
struct ChosenPlan {
  CredentialPlan plan;
  std::vector<std::string> passed_over;
};

/// Order: the variables with keys, unless pipeline.yaml names a profile; the profile's role, by
/// another profile's or a named source's keys; a role by a web identity's token; the profile's keys
/// in the credentials file, its credential_process, its keys in the config file; the container; the
/// instance. Throws access_denied if none serves, and config_invalid, by name, for a profile that
/// is not there or contradicts itself: half a pair of keys, a role without a source or with two,
/// profiles in a circle, what needs a person (mfa_serial) or is not supported (SSO).
ChosenPlan plan_credentials(const PlanRequest& request, const Variables& variables,
                            const SharedConfig& files);

/// The region for STS and Secrets Manager: AWS_REGION, AWS_DEFAULT_REGION, the profile's; empty if
/// none is named.
std::string plan_region(const PlanRequest& request, const Variables& variables,
                        const SharedConfig& files);

/// Where the two files lie (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, else below HOME), read.
/// Throws config_invalid for a file that is there and cannot be read, except that the one below
/// HOME counts as not there for who is kept out of it.
SharedConfig read_shared_config(const Variables& variables);

}  // namespace pipeline::aws
