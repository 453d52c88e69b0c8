// A proxy between a client and the server that loses what the test tells it to lose.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "common/mariadb/connection.h"

namespace pipeline::test {

/// One fault. It strikes once, on the first session that gives the occasion, then the proxy passes
/// everything again until the next arm().
struct Fault {
  enum class Kind {
    none,
    cut_after_client_bytes,  // both sides are closed once so many bytes went to the server
    cut_after_server_bytes,  // ... went to the client
    flip_server_byte,        // of the byte behind so many of the server's, one bit is turned; with
                             // a pattern: behind so many that follow it in one of its answers
    lose_answer,   // a packet with `pattern` reaches the server; its answer is read and thrown away
    lose_request,  // a packet with `pattern` is not forwarded
    stall_answer,  // a packet with `pattern` reaches the server; its answer waits for release()
  };
  Kind kind = Kind::none;
  std::string pattern;    // bytes inside one packet of the client, or one read; case matters
  std::size_t bytes = 0;  // counted from arm() over all sessions
};

/// Passes sessions on to `target` (its unix socket, or its TCP port). Patterns are seen in clear
/// sessions only. One thread a session; all end with the object. Thread-safe.
class FaultProxy {
 public:
  enum class Listen { socket, socket_and_tcp };
  /// How a pattern is looked for: in whole packets of the protocol, or in what one read gives,
  /// which holds the head of a request in practice.
  enum class Speaks { mysql, http };
  explicit FaultProxy(Endpoint target, Listen listen = Listen::socket,
                      Speaks speaks = Speaks::mysql);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  /// Where clients connect to: a unix socket ...
  Endpoint endpoint() const;
  /// ... or 127.0.0.1 in clear text, if asked for.
  Endpoint tcp_endpoint() const;

  void arm(Fault fault);
  /// Cuts all sessions that are open now.
  void cut_all();
  /// Ends a stall: the held answers go to their clients.
  void release();
  /// How often a fault struck.
  int struck() const;
  /// Returns when a fault has struck `times` times in all; throws Error timed_out after the limit.
  void wait_until_struck(int times,
                         std::chrono::milliseconds limit = std::chrono::milliseconds(10'000)) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pipeline::test
