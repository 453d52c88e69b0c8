// HTTP requests whose answers are read piece by piece, over verified TLS, with a bound on silence.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/io/byte_stream.h"

namespace pipeline::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

enum class Method { get, head, put, post, remove };

/// "GET"; DELETE for remove.
std::string_view name_of(Method method);

struct Request {
  Method method = Method::get;
  std::string url;  // sent as it stands: percent-encoded, dots in the path stay
  Headers headers;  // a body is sent without Content-Type unless one stands here
  std::string body;
};

/// Throws config_invalid for a header that cannot be sent, since it holds a line break; the message
/// does not show the value.
void require_header(const std::string& name, std::string_view value);

struct ClientOptions {
  std::string ca_file;  // certificate authorities to trust, and no others; empty: the system's
  std::chrono::milliseconds connect_limit{10'000};
  /// How long a call may wait without a single byte in either direction.
  std::chrono::milliseconds silence_limit{60'000};
  /// Throws to end the work; called ten times a second while a call waits.
  std::function<void()> check_cancelled = [] {};
};

/// An answer whose head is there; its body is the stream. Dropping it early closes the connection.
/// One thread at a time. Must not outlive its client.
class Answer : public ByteSource {
 public:
  ~Answer() override;
  int status() const;
  /// The last header of that name, any letter case; empty if there is none.
  std::string header(std::string_view name) const;
  /// Content-Length; nullopt where the server did not say, and then only the caller can tell a
  /// whole body from half a one.
  std::optional<std::uint64_t> content_length() const;
  /// Throws unavailable for a body that ends before its Content-Length or its last chunk, for a
  /// lost connection, and after the silence limit.
  std::size_t read(std::span<char> buffer) override;

 private:
  friend class Client;
  class Exchange;
  explicit Answer(std::unique_ptr<Exchange> exchange);
  std::unique_ptr<Exchange> exchange_;
};

/// Keeps connections for later requests. Thread-safe. Certificate and host name are verified; no
/// redirect is followed, since its target would be given what was signed for somebody else.
class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Returns when the head of the answer is there, whatever its status. Throws unavailable (no
  /// connection, lost, silent), access_denied (the server's certificate is not to be trusted),
  /// config_invalid (the URL, the CA file). Messages name the host, never a header or the query.
  std::unique_ptr<Answer> send(Request request);

 private:
  friend class Answer;
  struct Connections;
  ClientOptions options_;
  std::unique_ptr<Connections> connections_;
};

}  // namespace pipeline::http
