// The channels of `alerts` in pipeline.yaml as values: one type each, with keys of its own.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/config/yaml.h"
#include "common/http/mailbox.h"
#include "common/stage/secret_reference.h"

namespace pipeline {

/// A program that gets the message on standard input.
struct CommandAlert {
  std::vector<std::string> argv;
};

/// A POST of JSON.
struct WebhookAlert {
  enum class Body { message, slack } body = Body::message;
  std::string url;                // checked; empty: it is a secret
  SecretReference url_place;      // none: it stands in the file
  SecretReference authorization;  // the value of that header; none: it is not sent
  std::string ca_file;            // empty: the system's
};

/// A mail by a server that takes mail for others.
struct MailAlert {
  std::string host;
  int port = 587;
  enum class Tls { starttls, implicit, insecure_plaintext } tls = Tls::starttls;
  std::string ca_file;   // empty: the system's
  std::string username;  // empty: no login
  SecretReference password;
  http::Mailbox from;
  std::vector<http::Mailbox> to;  // at least one
};

/// A topic of SNS; the keys are those of the section `aws`.
struct SnsAlert {
  std::string topic_arn;
  std::string region;  // of the topic
};

struct AlertChannel {
  std::string name;
  std::chrono::seconds timeout{30};  // of one alert, with all its attempts
  std::variant<CommandAlert, WebhookAlert, MailAlert, SnsAlert> kind;

  /// "command", "webhook", "slack", "smtp", "sns"
  std::string_view type() const;
  /// Where it sends to, for people: a program, a host, addresses, a topic. Never a secret.
  std::string target() const;
  /// The places of the channel's secrets.
  std::vector<SecretReference> secrets() const;
};

/// Reads one entry of `alerts`. Throws config_invalid with file:line:column for a type that is
/// none, a key that the type does not have or that is missing, and a value that cannot serve:
/// http:// to another host, an address with a line break, a topic's ARN that is none.
AlertChannel read_alert_channel(const std::string& name, const YamlNode& node,
                                const std::filesystem::path& folder);

}  // namespace pipeline
