// The AWS CLI asks one source after the other. Most of them serve or do not by what variables and
// files say, before any request is sent; so the choice is made here at once, as a value, and
// whoever carries it out only carries out one. A role's own keys come from another plan, which
// hangs below.
#include "common/aws/credential_plan.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/io/file.h"

namespace pipeline::aws {
namespace {

constexpr std::size_t shared_file_bytes_max = 4U << 20U;
constexpr int role_seconds_min = 900;
constexpr int role_seconds_max = 43'200;

[[noreturn]] void refuse(std::string message) {
  throw Error(ErrorKind::config_invalid, std::move(message));
}

std::shared_ptr<const CredentialPlan> shared(CredentialPlan plan) {
  return std::make_shared<const CredentialPlan>(std::move(plan));
}

/// nullopt if `key_id` is not there; throws if only half of the pair is.
std::optional<Credentials> keys(const std::optional<std::string>& key_id,
                                const std::optional<std::string>& secret,
                                const std::optional<std::string>& token,
                                const std::string& origin) {
  if (!key_id && !secret) return {};
  if (!key_id || !secret) {
    refuse(fmt::format("{}: {} is there without {}", origin,
                       key_id ? "the access key id" : "the secret access key",
                       key_id ? "the secret access key" : "the access key id"));
  }
  return Credentials{.access_key_id = Secret(*key_id),
                     .secret_access_key = Secret(*secret),
                     .session_token = token ? Secret(*token) : Secret(),
                     .expires_at = {},
                     .origin = origin};
}

class Planner {
 public:
  Planner(const PlanRequest& request, const Variables& variables, const SharedConfig& files)
      : request_(request), variables_(variables), files_(files) {}

  ChosenPlan plan() {
    if (request_.profile.empty()) {
      if (auto found = environment()) return chosen(*std::move(found));
    } else {
      pass("the environment's keys are passed over, since pipeline.yaml names a profile");
    }
    const std::string profile = profile_name();
    const bool named = !request_.profile.empty() || variables_("AWS_PROFILE");
    if (named && !files_.has(profile)) {
      refuse(fmt::format("the profile \"{}\" that {} names stands in neither {}", profile,
                         request_.profile.empty() ? "AWS_PROFILE" : "pipeline.yaml",
                         files_.text()));
    }
    if (is_role(profile)) return chosen(role(profile));
    if (request_.profile.empty()) {
      if (auto found = web_identity_of_environment()) return chosen(*std::move(found));
    }
    if (auto found = of_profile(profile)) return chosen(*std::move(found));
    pass(fmt::format("the profile {} has no keys in {}", profile, files_.text()));
    if (const auto found = container()) return chosen(*found);
    if (instance_metadata(variables_) == InstanceMetadata::enabled) return chosen(instance());
    pass("the instance is not asked, since AWS_EC2_METADATA_DISABLED is true");
    throw Error(ErrorKind::access_denied,
                fmt::format("no AWS credentials are found: {}", join(passed_over_, "; ")));
  }

  std::string profile_name() const {
    if (!request_.profile.empty()) return request_.profile;
    return variables_("AWS_PROFILE").value_or("default");
  }

 private:
  void pass(std::string why) { passed_over_.push_back(std::move(why)); }
  ChosenPlan chosen(CredentialPlan plan) { return {std::move(plan), std::move(passed_over_)}; }

  std::optional<CredentialPlan> environment() {
    const std::string origin = "the environment";
    const auto key_id = variables_("AWS_ACCESS_KEY_ID");
    const auto secret = variables_("AWS_SECRET_ACCESS_KEY");
    if (key_id.has_value() != secret.has_value()) {
      throw Error(ErrorKind::access_denied,
                  fmt::format("{} is set, but {} is not set or empty",
                              key_id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                              key_id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID"));
    }
    auto found = keys(key_id, secret,
                      first_of(variables_, {"AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"}), origin);
    if (found) return CredentialPlan{StaticKeys{*std::move(found)}, origin};
    pass("AWS_ACCESS_KEY_ID is not set or empty");
    return {};
  }

  std::string origin_of(const std::string& profile) const {
    const bool in_credentials = files_.in_credentials(profile, "aws_access_key_id").has_value();
    return fmt::format("profile {} of {}", profile,
                       in_credentials ? files_.credentials_path() : files_.config_path());
  }

  bool is_role(const std::string& profile) const {
    return files_.find(profile, "role_arn") && !files_.find(profile, "web_identity_token_file");
  }

  bool has_static_keys(const std::string& profile) const {
    return files_.find(profile, "aws_access_key_id") ||
           files_.find(profile, "aws_secret_access_key");
  }

  AssumeRole role_settings(const std::string& profile) const {
    AssumeRole role{
        .role_arn = files_.find(profile, "role_arn").value_or(""),
        .session_name = files_.find(profile, "role_session_name").value_or(request_.session_name),
        .external_id = files_.find(profile, "external_id").value_or("")};
    if (const auto text = files_.find(profile, "duration_seconds")) {
      const auto [end, error] =
          std::from_chars(text->data(), text->data() + text->size(), role.duration_seconds);
      if (error != std::errc() || end != text->data() + text->size() ||
          role.duration_seconds < role_seconds_min || role.duration_seconds > role_seconds_max) {
        refuse(fmt::format("profile {}: duration_seconds is a number from {} to {}", profile,
                           role_seconds_min, role_seconds_max));
      }
    }
    return role;
  }

  CredentialPlan role(const std::string& profile) {
    circle_.push_back(profile);
    if (files_.find(profile, "mfa_serial")) {
      refuse(
          fmt::format("profile {}: mfa_serial asks a person for a code, and nobody is there at "
                      "night; use a role that does not",
                      profile));
    }
    const auto source_profile = files_.find(profile, "source_profile");
    const auto source = files_.find(profile, "credential_source");
    if (source_profile && source) {
      refuse(fmt::format("profile {}: source_profile and credential_source exclude each other",
                         profile));
    }
    if (!source_profile && !source) {
      refuse(
          fmt::format("profile {}: role_arn needs a source_profile, a credential_source or a "
                      "web_identity_token_file",
                      profile));
    }
    CredentialPlan as =
        source ? of_named_source(profile, *source) : of_source_profile(profile, *source_profile);
    AssumedRole assumed{.role = role_settings(profile), .as = shared(std::move(as))};
    return {std::move(assumed), fmt::format("profile {} of {}", profile, files_.config_path())};
  }

  CredentialPlan of_source_profile(const std::string& profile, const std::string& source) {
    if (!files_.has(source)) {
      refuse(fmt::format("profile {}: its source_profile \"{}\" stands in neither {}", profile,
                         source, files_.text()));
    }
    const bool seen = std::ranges::find(circle_, source) != circle_.end();
    // A profile may name itself: its own keys take its own role.
    if (seen && !(source == profile && has_static_keys(source))) {
      refuse(fmt::format("the profiles take their roles in a circle: {} -> {}",
                         join(circle_, " -> "), source));
    }
    if (!has_static_keys(source) && is_role(source)) return role(source);
    if (auto found = of_profile(source)) return *std::move(found);
    refuse(fmt::format("profile {}: its source_profile \"{}\" has no keys in {}", profile, source,
                       files_.text()));
  }

  CredentialPlan of_named_source(const std::string& profile, const std::string& source) {
    if (source == "Environment") {
      if (auto found = environment()) return *std::move(found);
      refuse(
          fmt::format("profile {}: credential_source is Environment, but AWS_ACCESS_KEY_ID is "
                      "not set or empty",
                      profile));
    }
    if (source == "Ec2InstanceMetadata") {
      if (instance_metadata(variables_) == InstanceMetadata::enabled) return instance();
      refuse(
          fmt::format("profile {}: credential_source is Ec2InstanceMetadata, but "
                      "AWS_EC2_METADATA_DISABLED is true",
                      profile));
    }
    if (source == "EcsContainer") {
      if (auto found = container()) return *std::move(found);
      refuse(
          fmt::format("profile {}: credential_source is EcsContainer, but no "
                      "AWS_CONTAINER_CREDENTIALS_... is set",
                      profile));
    }
    refuse(
        fmt::format("profile {}: credential_source is Environment, Ec2InstanceMetadata or "
                    "EcsContainer, not \"{}\"",
                    profile, head(source, 60)));
  }

  std::optional<CredentialPlan> web_identity_of_environment() {
    const auto file = variables_("AWS_WEB_IDENTITY_TOKEN_FILE");
    if (!file) return {};
    const auto arn = variables_("AWS_ROLE_ARN");
    if (!arn) refuse("AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not set or empty");
    AssumeRole role{
        .role_arn = *arn,
        .session_name = variables_("AWS_ROLE_SESSION_NAME").value_or(request_.session_name)};
    return CredentialPlan{WebIdentity{std::move(role), *file},
                          "the role and token of AWS_WEB_IDENTITY_TOKEN_FILE"};
  }

  /// Everything in a profile but a role with a source.
  std::optional<CredentialPlan> of_profile(const std::string& profile) {
    if (const auto file = files_.find(profile, "web_identity_token_file")) {
      if (!files_.find(profile, "role_arn")) {
        refuse(fmt::format("profile {}: web_identity_token_file needs a role_arn", profile));
      }
      return CredentialPlan{WebIdentity{role_settings(profile), *file},
                            fmt::format("profile {} of {}", profile, files_.config_path())};
    }
    for (const auto* setting : {"sso_session", "sso_start_url", "sso_account_id"}) {
      if (!files_.find(profile, setting)) continue;
      refuse(
          fmt::format("profile {}: {} is not supported; make another profile with "
                      "credential_process = aws configure export-credentials --profile {}",
                      profile, setting, profile));
    }
    const std::string origin = origin_of(profile);
    const auto pair = [&](const auto& get) {
      return keys(get("aws_access_key_id"), get("aws_secret_access_key"), get("aws_session_token"),
                  origin);
    };
    if (auto found = pair([&](const char* key) { return files_.in_credentials(profile, key); })) {
      return CredentialPlan{StaticKeys{*std::move(found)}, origin};
    }
    if (const auto command = files_.find(profile, "credential_process")) {
      return CredentialPlan{ProcessCommand{*command},
                            fmt::format("the credential_process of profile {}", profile)};
    }
    if (auto found = pair([&](const char* key) { return files_.in_config(profile, key); })) {
      return CredentialPlan{StaticKeys{*std::move(found)}, origin};
    }
    return {};
  }

  std::optional<CredentialPlan> container() {
    if (auto url = container_url(request_.hosts, variables_)) {
      return CredentialPlan{ContainerKeys{*std::move(url)}, "the container"};
    }
    pass("no AWS_CONTAINER_CREDENTIALS_... is set");
    return {};
  }

  static CredentialPlan instance() { return {InstanceKeys{}, "the instance's metadata"}; }

  const PlanRequest& request_;
  const Variables& variables_;
  const SharedConfig& files_;
  std::vector<std::string> passed_over_;
  std::vector<std::string> circle_;
};

/// A file that a variable names must be readable. The one below HOME need not: services are kept
/// out of the homes (systemd's ProtectHome=), and AWS's tools then do as if it were not there.
enum class Named { by_default, by_variable };

std::optional<std::string> file_if_present(const std::string& path, Named named) {
  try {
    return read_file_if_present(path, shared_file_bytes_max);
  } catch (const Error& error) {
    if (named == Named::by_default && error.kind() == ErrorKind::access_denied) return {};
    refuse(error.message());
  }
}

/// "~/x" below HOME, as AWS's tools read it.
std::string expanded(const std::string& path, const std::string& home) {
  return path.starts_with("~/") ? home + path.substr(1) : path;
}

}  // namespace

ChosenPlan plan_credentials(const PlanRequest& request, const Variables& variables,
                            const SharedConfig& files) {
  return Planner(request, variables, files).plan();
}

std::string plan_region(const PlanRequest& request, const Variables& variables,
                        const SharedConfig& files) {
  if (const auto named = first_of(variables, {"AWS_REGION", "AWS_DEFAULT_REGION"})) return *named;
  const std::string profile = Planner(request, variables, files).profile_name();
  return files.find(profile, "region").value_or("");
}

SharedConfig read_shared_config(const Variables& variables) {
  const std::string home = variables("HOME").value_or("");
  SharedConfig::Files files;
  const auto read = [&](const char* variable, const char* otherwise, std::string& path,
                        std::optional<std::string>& text) {
    const auto given = variables(variable);
    path = expanded(given.value_or(otherwise), home);
    text = file_if_present(path, given ? Named::by_variable : Named::by_default);
  };
  read("AWS_CONFIG_FILE", "~/.aws/config", files.config_path, files.config);
  read("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", files.credentials_path,
       files.credentials);
  return SharedConfig(files);
}

}  // namespace pipeline::aws
