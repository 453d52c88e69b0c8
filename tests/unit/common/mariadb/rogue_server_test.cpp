// Servers that are none: what a session gives away to whoever answers in the server's place.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <thread>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "common/mariadb/connection.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

using namespace std::string_literals;

constexpr const char* canary_password = "canary-passw0rd";

/// Takes one session, greets as MariaDB does, and answers the client's packets one by one from a
/// script; then it says no more, reads to the end and keeps all that it was sent. Protocol: MariaDB
/// "Connection phase" (HandshakeV10, authentication switch request) and "LOCAL_INFILE Packet".
class RogueServer {
 public:
  explicit RogueServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path().copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~RogueServer() { received(); }

  std::string socket_path() const { return dir_.file("s"); }

  /// All that the client sent, once it hung up.
  const std::string& received() {
    if (thread_.joinable()) thread_.join();
    return received_;
  }

 private:
  static std::string greeting() {
    return "\x0a"s + "5.5.5-10.11.19-MariaDB\0"s + "\x01\0\0\0"s + "01234567\0"s  // id, scramble
           + "\x09\x82"s + "\x2d" + "\x02\0"s + "\x08\0"s  // 4.1, secure, plugins; utf8mb4
           + "\x15"s + std::string(10, '\0') + "890123456789\0"s + "mysql_native_password\0"s;
  }

  void send_packet(int client, std::string_view payload) {
    std::string packet{static_cast<char>(payload.size()), 0, 0, static_cast<char>(sequence_++)};
    packet += payload;
    ::send(client, packet.data(), packet.size(), MSG_NOSIGNAL);
  }

  bool read_exactly(int client, std::size_t bytes, std::string& text) {
    while (bytes > 0) {
      std::array<char, 4096> buffer{};
      const auto got = ::recv(client, buffer.data(), std::min(bytes, buffer.size()), 0);
      if (got <= 0) return false;
      text.append(buffer.data(), static_cast<std::size_t>(got));
      bytes -= static_cast<std::size_t>(got);
    }
    return true;
  }

  /// One packet of fewer than 64 KB into received_; false at the end of the session.
  bool read_packet(int client) {
    std::string header;
    if (!read_exactly(client, 4, header)) return false;
    sequence_ = static_cast<unsigned char>(header[3]) + 1;
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(header[0])) +
                      (static_cast<std::size_t>(static_cast<unsigned char>(header[1])) << 8U);
    return read_exactly(client, size, received_);
  }

  void serve() {
    const UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    send_packet(client.get(), greeting());
    for (const auto& answer : answers_) {
      if (!read_packet(client.get())) return;
      send_packet(client.get(), answer);
    }
    ::shutdown(client.get(), SHUT_WR);
    while (read_packet(client.get())) {
    }
  }

  test::TempDir dir_;
  UniqueFd listener_;
  std::vector<std::string> answers_;
  int sequence_ = 0;
  std::string received_;
  std::thread thread_;
};

const std::string ok_packet = "\0\0\0\x02\0\0\0"s;
const std::string wants_passwd = "\xfb/etc/passwd";

ConnectionOptions options_for(const RogueServer& server) {
  ConnectionOptions options;
  options.endpoint.socket = server.socket_path();
  options.account.user = "etl_load";
  options.account.password = Secret(canary_password);
  options.read_timeout = std::chrono::seconds(5);
  options.local_infile = ConnectionOptions::LocalInfile::own_handler;
  return options;
}

Error error_of_open(const ConnectionOptions& options) {
  try {
    Connection::open(options);
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorKind::internal, "nothing was thrown");
}

TEST(RogueServer, GetsNoPasswordByAskingForItInClear) {
  RogueServer server({"\xfemysql_clear_password\0"s});
  const Error error = error_of_open(options_for(server));
  EXPECT_EQ(error.kind(), ErrorKind::access_denied) << error.what();
  EXPECT_EQ(error.context_value("errno"), "5010");
  EXPECT_NE(server.received().find("etl_load"), std::string::npos) << "the login came";
  EXPECT_EQ(server.received().find(canary_password), std::string::npos);
}

TEST(RogueServer, GetsNoPasswordByAnyOtherKindOfLogin) {
  for (const std::string plugin : {"dialog", "auth_gssapi_client", "auth_windows_client", "none"}) {
    SCOPED_TRACE(plugin);
    RogueServer server({"\xfe" + plugin + "\0\x04Password: "s});
    const Error error = error_of_open(options_for(server));
    EXPECT_EQ(error.kind(), ErrorKind::access_denied) << error.what();
    EXPECT_EQ(server.received().find(canary_password), std::string::npos);
  }
}

TEST(RogueServer, GetsNoFileByAskingForItUnasked) {
  RogueServer server({ok_packet, wants_passwd, ok_packet});
  const Error error = error_of_open(options_for(server));
  EXPECT_NE(server.received().find("SET NAMES"), std::string::npos) << "the first statement came";
  EXPECT_EQ(error.kind(), ErrorKind::guard_refused) << error.what();
  EXPECT_EQ(server.received().find("root:"), std::string::npos);
}

TEST(RogueServer, GetsNoFileFromASessionThatNeverLoads) {
  RogueServer server({ok_packet, wants_passwd, ok_packet});
  auto options = options_for(server);
  options.local_infile = ConnectionOptions::LocalInfile::refused;
  const Error error = error_of_open(options);
  EXPECT_NE(error.kind(), ErrorKind::internal) << error.what();
  EXPECT_NE(server.received().find("SET NAMES"), std::string::npos) << "the first statement came";
  EXPECT_EQ(server.received().find("root:"), std::string::npos);
}

TEST(RogueServer, ThatTalksNonsenseIsAnErrorAndNoMore) {
  const std::string nonsense[] = {"",
                                  "\xff",
                                  "\xfe",
                                  "\xfb",
                                  "\xfc\xff\xff"s,
                                  std::string(200, '\xff'),
                                  std::string(200, '\0')};
  for (const auto& answer : nonsense) {
    RogueServer at_login({answer});
    EXPECT_NE(error_of_open(options_for(at_login)).message(), "nothing was thrown");
    RogueServer at_statement({ok_packet, answer});
    EXPECT_NE(error_of_open(options_for(at_statement)).message(), "nothing was thrown");
  }
}

}  // namespace
}  // namespace pipeline
