// Who answers at the server's address over TCP without being the server learns nothing: no user, no
// password, in clear or inside of TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "common/base/error.h"
#include "common/mariadb/connection.h"
#include "tests/support/certificate.h"
#include "tests/support/script_server.h"

namespace pipeline {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::size_t tls_request_bytes = 36;  // header and flags; no name yet

class RogueTls : public testing::Test {
 protected:
  struct Heard {
    std::string clear;
    std::string inside;
  };

  ConnectionOptions options(const test::ScriptServer& server, const std::string& ca_file) {
    ConnectionOptions options;
    options.endpoint.host = "127.0.0.1";
    options.endpoint.port = server.port();
    options.endpoint.tls.ca_file = ca_file;
    options.account.user = "etl_load";
    options.account.password = Secret("canary-passw0rd");
    options.connect_timeout = std::chrono::seconds(5);
    options.read_timeout = std::chrono::seconds(5);
    return options;
  }

  /// Tries to log in, and gives what the server heard.
  Heard log_in(const test::ScriptServer& server, const std::string& ca_file) {
    try {
      Connection::open(options(server, ca_file));
      ADD_FAILURE() << "logged in";
    } catch (const Error& error) {
      said_ = error.what();
      EXPECT_THAT(said_, Not(HasSubstr("canary")));
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!server.has("inside") && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_TRUE(server.has("inside")) << "the session was seen to its end";
    return {.clear = server.read("clear"), .inside = server.read("inside")};
  }
  test::ScriptServer rogue(const test::Certificate& certificate, const std::string& offer) {
    return test::ScriptServer("rogue_database.py",
                              {certificate.ca_file(), certificate.key_file(), offer});
  }

  std::string said_;
};

TEST_F(RogueTls, ThatOffersNoTlsHearsNothingAtAll) {
  const test::Certificate certificate;
  const auto server = rogue(certificate, "clear");
  const Heard heard = log_in(server, certificate.ca_file());
  EXPECT_THAT(heard.clear, IsEmpty());
}

TEST_F(RogueTls, WhoseCertificateNobodyVouchesForHearsNoLogin) {
  const test::Certificate certificate;
  const test::Certificate other;
  const auto server = rogue(certificate, "tls");
  const Heard heard = log_in(server, other.ca_file());
  EXPECT_LE(heard.clear.size(), tls_request_bytes);
  EXPECT_THAT(heard.clear, Not(HasSubstr("etl_load")));
  EXPECT_THAT(heard.inside, IsEmpty());
}

TEST_F(RogueTls, WhoseCertificateIsForAnotherNameHearsNoLogin) {
  const test::Certificate certificate("DNS:elsewhere.example");
  const auto server = rogue(certificate, "tls");
  const Heard heard = log_in(server, certificate.ca_file());
  EXPECT_LE(heard.clear.size(), tls_request_bytes);
  EXPECT_THAT(heard.inside, IsEmpty());
}

// So that the silence above means something.
TEST_F(RogueTls, WhoIsTrustedHearsTheUserAndNoPassword) {
  const test::Certificate certificate;
  const auto server = rogue(certificate, "tls");
  const Heard heard = log_in(server, certificate.ca_file());
  EXPECT_EQ(heard.clear.size(), tls_request_bytes);
  EXPECT_THAT(heard.inside, HasSubstr("etl_load"));
  EXPECT_THAT(heard.inside, Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace pipeline
