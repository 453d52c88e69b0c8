// Servers over TLS for a test: one that takes mail, and one that takes whatever is posted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/json.h"
#include "tests/support/certificate.h"
#include "tests/support/script_server.h"

namespace pipeline::test {

/// mail_server.py with a certificate of its own. Needs python3-aiosmtpd.
class MailServer {
 public:
  /// The JSON of its settings: tls (starttls, implicit, none), users {name: password}, busy (how
  /// many mails to put off), unknown (addresses), refusal (what is said of those), hide_login (true:
  /// with tls none, no login is offered or asked for), hang (hello, data).
  explicit MailServer(std::string_view settings);

  int port() const { return server_.port(); }
  std::string ca_file() const { return certificate_.ca_file(); }
  /// One setting, for what comes from now on.
  void set(const std::string& name, Json value);
  /// Each mail as Python's email package reads it.
  std::vector<Json> mails() const;
  /// The commands of its clients, one a line.
  std::string said() const;
  /// Where it hangs; empty as long as it does not.
  std::string hanging() const { return server_.read("hanging"); }

 private:
  Certificate certificate_;
  ScriptServer server_;
};

/// https_server.py, which says 200 to everything.
class HttpsServer {
 public:
  HttpsServer();

  std::string origin() const { return "https://localhost:" + std::to_string(server_.port()); }
  std::string ca_file() const { return certificate_.ca_file(); }
  /// {"path","headers","body"} of each.
  std::vector<Json> requests() const;

 private:
  Certificate certificate_;
  ScriptServer server_;
};

}  // namespace pipeline::test
