// An HTTP server that answers what the test wrote, byte by byte: lies, cuts and silences included.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace pipeline::test {

struct ScriptedAnswer {
  std::string bytes;  // status line, headers, body: nothing is added
  enum class Then { keep_open, close, stay_silent } then = Then::close;
};

/// "HTTP/1.1 200 OK", the headers, Content-Length and the body. `head` is "200 OK\r\nETag: x".
ScriptedAnswer whole_answer(const std::string& head, const std::string& body);

/// Listens on 127.0.0.1; the n-th whole request gets the n-th answer, on whichever connection it
/// comes; later ones find the connection closed. Thread-safe.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<ScriptedAnswer> answers);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  int port() const;
  std::string origin() const { return "http://127.0.0.1:" + std::to_string(port()); }
  /// The requests so far, head and body.
  std::vector<std::string> requests() const;
  int connections() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pipeline::test
