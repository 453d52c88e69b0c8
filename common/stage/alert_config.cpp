#include "common/stage/alert_config.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "common/base/control_characters.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/http/endpoint.h"
#include "common/stage/config_values.h"

namespace pipeline {
namespace {

using config_values::path_of;
using config_values::places_of_channels;
using config_values::refuse;
using config_values::secret_of;
using config_values::text_of;

using Kind = decltype(AlertChannel::kind);
using Folder = std::filesystem::path;

constexpr std::int64_t timeout_seconds_max = 3600;
constexpr std::size_t recipients_max = 50;

/// The value of `read` with the node's place put before what it refuses.
template <typename Read>
auto placed(const YamlNode& node, const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    refuse(node, error.message());
  }
}

Kind read_command(const YamlNode& node, const Folder&) {
  CommandAlert command{.argv = config_values::texts(node.at("command"))};
  if (command.argv.empty()) refuse(node.at("command"), "no program is given");
  return command;
}

void read_url(const YamlNode& node, const Folder& folder, WebhookAlert& webhook) {
  if (!node.is_scalar()) {
    webhook.url_place = secret_of(node, "URL", places_of_channels(), folder);
    return;
  }
  if (node.text().find("${") != std::string::npos) {
    refuse(node,
           "a URL that comes from the environment is taken for a secret: url: {environment: NAME}");
  }
  webhook.url = text_of(node);
  placed(node, [&] { return http::endpoint_of(webhook.url); });
}

Kind read_webhook(const YamlNode& node, const Folder& folder) {
  WebhookAlert webhook;
  read_url(node.at("url"), folder, webhook);
  if (const auto* n = node.find("authorization")) {
    webhook.authorization = secret_of(*n, "authorization", places_of_channels(), folder);
  }
  if (const auto* n = node.find("ca_file")) webhook.ca_file = path_of(*n, folder);
  return webhook;
}

Kind read_slack(const YamlNode& node, const Folder& folder) {
  auto webhook = std::get<WebhookAlert>(read_webhook(node, folder));
  webhook.body = WebhookAlert::Body::slack;
  return webhook;
}

http::Mailbox mailbox_of(const YamlNode& node) {
  const std::string text = text_of(node);
  return placed(node, [&] { return http::parse_mailbox(text); });
}

MailAlert::Tls tls_of(const YamlNode& node) {
  const std::string word = text_of(node);
  if (word == "starttls") return MailAlert::Tls::starttls;
  if (word == "implicit") return MailAlert::Tls::implicit;
  if (word == "insecure_plaintext") return MailAlert::Tls::insecure_plaintext;
  refuse(node, "tls is starttls or implicit, or insecure_plaintext for a loopback address");
}

void read_login(const YamlNode& node, const Folder& folder, MailAlert& mail) {
  const auto* username = node.find("username");
  const auto* password = node.find("password");
  if ((username == nullptr) != (password == nullptr)) {
    refuse(node, "username and password are given together, or neither");
  }
  if (username == nullptr) return;
  mail.username = text_of(*username);
  if (std::ranges::any_of(mail.username, is_control)) {
    refuse(*username, "a username holds no control character");
  }
  mail.password = secret_of(*password, "password", places_of_channels(), folder);
}

Kind read_mail(const YamlNode& node, const Folder& folder) {
  MailAlert mail;
  mail.host = text_of(node.at("host"));
  placed(node.at("host"), [&] { return http::parse_endpoint("https://" + mail.host); });
  if (mail.host.find(':') != std::string::npos) refuse(node.at("host"), "a port stands in port");
  if (mail.host.find('/') != std::string::npos) {
    refuse(node.at("host"), fmt::format("\"{}\" is no host: it holds a slash", mail.host));
  }
  if (const auto* n = node.find("tls")) mail.tls = tls_of(*n);
  if (mail.tls == MailAlert::Tls::insecure_plaintext && !http::is_loopback(mail.host)) {
    refuse(node.at("tls"), fmt::format("{} would be sent password and mail in clear text; only a "
                                       "loopback address may be",
                                       mail.host));
  }
  if (mail.tls == MailAlert::Tls::implicit) mail.port = 465;
  if (const auto* n = node.find("port")) mail.port = config_values::port_of(*n);
  if (const auto* n = node.find("ca_file")) mail.ca_file = path_of(*n, folder);
  read_login(node, folder, mail);
  mail.from = mailbox_of(node.at("from"));
  const YamlNode& to = node.at("to");
  if (to.is_scalar()) {
    mail.to.push_back(mailbox_of(to));
  } else {
    for (const auto& item : to.items()) mail.to.push_back(mailbox_of(item));
  }
  if (mail.to.empty()) refuse(to, "nobody is to get the mail");
  if (mail.to.size() > recipients_max) {
    refuse(to, fmt::format("{} recipients at most; name a list's address", recipients_max));
  }
  return mail;
}

bool is_one_of(std::string_view text, bool (*allowed)(char)) {
  return !text.empty() && std::ranges::all_of(text, allowed);
}

Kind read_sns(const YamlNode& node, const Folder&) {
  const YamlNode& place = node.at("topic_arn");
  SnsAlert sns{.topic_arn = text_of(place), .region = {}};
  const auto parts = split(sns.topic_arn, ':');
  const auto is_region_byte = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_name_byte = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  if (sns.topic_arn.ends_with(".fifo")) {
    refuse(place,
           "a FIFO topic orders messages by group, which alerts have not; name a standard "
           "topic");
  }
  const bool whole = parts.size() == 6 && parts[0] == "arn" && parts[1].starts_with("aws") &&
                     parts[2] == "sns" && is_one_of(parts[3], is_region_byte) &&
                     parts[4].size() == 12 && is_one_of(parts[4], is_digit) &&
                     is_one_of(parts[5], is_name_byte);
  if (!whole) {
    refuse(place, fmt::format("\"{}\" is no topic's ARN, such as "
                              "arn:aws:sns:ap-northeast-1:111122223333:night",
                              sns.topic_arn));
  }
  sns.region = parts[3];
  return sns;
}

struct Type {
  std::string_view name;
  std::vector<std::string_view> keys;  // besides type and timeout_seconds
  Kind (*read)(const YamlNode& node, const Folder& folder);
};

const std::array<Type, 5>& types() {
  static const std::array<Type, 5> table{{
      {"command", {"command"}, read_command},
      {"webhook", {"url", "authorization", "ca_file"}, read_webhook},
      {"slack", {"url", "authorization", "ca_file"}, read_slack},
      {"smtp", {"host", "port", "tls", "ca_file", "username", "password", "from", "to"}, read_mail},
      {"sns", {"topic_arn"}, read_sns},
  }};
  return table;
}

const Type& type_of(const YamlNode& node) {
  const std::string word = text_of(node);
  std::vector<std::string> names;
  for (const auto& type : types()) {
    if (type.name == word) return type;
    names.emplace_back(type.name);
  }
  refuse(node,
         fmt::format("\"{}\" is no type of alert channel; there are {}", word, join(names, ", ")));
}

/// A key of another type is named as that, since its nearest known key would mislead.
void refuse_keys_of_others(const YamlNode& node, const Type& type) {
  for (const auto& [key, value] : node.entries()) {
    if (std::ranges::find(type.keys, key.text()) != type.keys.end()) continue;
    std::vector<std::string> others;
    for (const auto& other : types()) {
      if (std::ranges::find(other.keys, key.text()) != other.keys.end()) {
        others.emplace_back(other.name);
      }
    }
    if (others.empty()) continue;
    refuse(key, fmt::format("\"{}\" is a key of the type {}; this channel is of the type {}",
                            key.text(), join(others, ", "), type.name));
  }
}

}  // namespace

std::string_view AlertChannel::type() const {
  if (std::holds_alternative<CommandAlert>(kind)) return "command";
  if (std::holds_alternative<MailAlert>(kind)) return "smtp";
  if (std::holds_alternative<SnsAlert>(kind)) return "sns";
  return std::get<WebhookAlert>(kind).body == WebhookAlert::Body::slack ? "slack" : "webhook";
}

std::string AlertChannel::target() const {
  struct Target {
    std::string operator()(const CommandAlert& command) const { return command.argv.front(); }
    std::string operator()(const WebhookAlert& webhook) const {
      return webhook.url.empty() ? webhook.url_place.text()
                                 : http::endpoint_of(webhook.url).origin();
    }
    std::string operator()(const MailAlert& mail) const {
      std::vector<std::string> addresses;
      for (const auto& box : mail.to) addresses.push_back(box.address);
      return fmt::format("{} by {}:{}", join(addresses, ", "), mail.host, mail.port);
    }
    std::string operator()(const SnsAlert& sns) const { return sns.topic_arn; }
  };
  return std::visit(Target{}, kind);
}

std::vector<SecretReference> AlertChannel::secrets() const {
  std::vector<SecretReference> found;
  const auto add = [&](const SecretReference& reference) {
    if (reference.source != SecretReference::Source::none) found.push_back(reference);
  };
  if (const auto* webhook = std::get_if<WebhookAlert>(&kind)) {
    add(webhook->url_place);
    add(webhook->authorization);
  } else if (const auto* mail = std::get_if<MailAlert>(&kind)) {
    add(mail->password);
  }
  return found;
}

AlertChannel read_alert_channel(const std::string& name, const YamlNode& node,
                                const std::filesystem::path& folder) {
  const Type& type = type_of(node.at("type"));
  refuse_keys_of_others(node, type);
  auto keys = type.keys;
  keys.insert(keys.end(), {"type", "timeout_seconds"});
  node.allow_only(keys);
  AlertChannel channel{.name = name, .kind = type.read(node, folder)};
  if (const auto* n = node.find("timeout_seconds")) {
    const auto seconds = config_values::at_least(1, *n);
    if (seconds > timeout_seconds_max) {
      refuse(*n, fmt::format("an alert may take {} seconds at most", timeout_seconds_max));
    }
    channel.timeout = std::chrono::seconds(seconds);
  }
  return channel;
}

}  // namespace pipeline
