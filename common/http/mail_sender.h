// Hands one mail to a mail server: over verified TLS before a password or a word of it is sent.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "common/base/secret.h"

namespace pipeline::http {

struct MailServer {
  std::string host;
  int port = 587;
  /// plain is for loopback addresses alone.
  enum class Security { starttls, implicit_tls, plain } security = Security::starttls;
  std::string ca_file;   // certificate authorities to trust, and no others; empty: the system's
  std::string username;  // empty: no login
  Secret password;
};

struct Mail {
  std::string from;             // addresses as of parse_mailbox()
  std::vector<std::string> to;  // at least one
  std::string text;             // headers, an empty line, the body; lines end with CR LF
};

struct MailLimits {
  std::chrono::milliseconds connect_limit{10'000};
  std::chrono::seconds answer_limit{30};  // of each single answer of the server
  /// Throws to end the work; called ten times a second, by a thread of its own.
  std::function<void()> check_cancelled = [] {};
};

struct MailReceipt {
  /// What the server refused on the way, a recipient of several for one; five at most.
  std::vector<std::string> refusals;
};

/// Returns when the server has taken the mail for at least one recipient. Throws unavailable (no
/// connection, lost, silent, a refusal with 4xx, which passes), access_denied (a certificate that
/// is not to be trusted, no STARTTLS, no login offered or this one refused, every other refusal),
/// config_invalid (the CA file, an address with a line break, Security::plain to another host), and
/// what check_cancelled throws. The messages have the server's words, in one line, and never the
/// password. A mail whose acceptance was not heard may have been accepted.
MailReceipt send_mail(const MailServer& server, const Mail& mail, const MailLimits& limits);

}  // namespace pipeline::http
