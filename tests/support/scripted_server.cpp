#include "tests/support/scripted_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <list>
#include <mutex>
#include <thread>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/base/unique_fd.h"

namespace pipeline::test {
namespace {

struct Connection {
  UniqueFd fd;
  std::string received;
  enum class Mood { talking, silent } mood = Mood::talking;
};

std::size_t body_bytes(std::string_view request_head) {
  const std::string text = to_lower(request_head);
  const auto at = text.find("\r\ncontent-length:");
  if (at == std::string::npos) return 0;
  const std::string_view value = trim(std::string_view(text).substr(at + 17, 20));
  std::size_t bytes = 0;
  std::from_chars(value.data(), value.data() + value.size(), bytes);
  return bytes;
}

/// Takes one whole request off the front; empty if there is none yet.
std::string take_request(std::string& received) {
  const auto head_end = received.find("\r\n\r\n");
  if (head_end == std::string::npos) return {};
  const std::size_t bytes = head_end + 4 + body_bytes(received.substr(0, head_end + 2));
  if (received.size() < bytes) return {};
  std::string request = received.substr(0, bytes);
  received.erase(0, bytes);
  return request;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto put = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

}  // namespace

struct ScriptedServer::State {
  UniqueFd listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  UniqueFd wake{::eventfd(0, EFD_CLOEXEC)};
  int port = 0;
  mutable std::mutex mutex;
  std::vector<ScriptedAnswer> answers;
  std::vector<std::string> requests;
  int accepted = 0;
  std::list<Connection> connections;
  std::thread thread;

  void run() {
    for (;;) {
      std::vector<pollfd> fds{{wake.get(), POLLIN, 0}, {listener.get(), POLLIN, 0}};
      for (const auto& one : connections) fds.push_back({one.fd.get(), POLLIN, 0});
      ::poll(fds.data(), fds.size(), -1);
      if (fds[0].revents != 0) return;
      std::size_t i = 2;
      for (auto one = connections.begin(); one != connections.end(); ++i) {
        const bool gone = fds[i].revents != 0 && !serve(*one);
        one = gone ? connections.erase(one) : std::next(one);
      }
      if (fds[1].revents != 0) {
        connections.push_back(
            {.fd = UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC))});
        const std::lock_guard lock(mutex);
        ++accepted;
      }
    }
  }

  /// False once the connection is to be closed.
  bool serve(Connection& connection) {
    std::array<char, 65536> buffer;
    const auto got = ::recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return false;
    if (connection.mood == Connection::Mood::silent) return true;
    connection.received.append(buffer.data(), static_cast<std::size_t>(got));
    for (std::string request = take_request(connection.received); !request.empty();
         request = take_request(connection.received)) {
      ScriptedAnswer answer;
      {
        const std::lock_guard lock(mutex);
        requests.push_back(std::move(request));
        if (requests.size() > answers.size()) return false;
        answer = answers[requests.size() - 1];
      }
      send_all(connection.fd.get(), answer.bytes);
      if (answer.then == ScriptedAnswer::Then::close) return false;
      if (answer.then == ScriptedAnswer::Then::stay_silent) {
        connection.mood = Connection::Mood::silent;
      }
    }
    return true;
  }
};

ScriptedAnswer whole_answer(const std::string& head, const std::string& body) {
  return {.bytes = "HTTP/1.1 " + head + "\r\nContent-Length: " + std::to_string(body.size()) +
                   "\r\n\r\n" + body,
          .then = ScriptedAnswer::Then::keep_open};
}

ScriptedServer::ScriptedServer(std::vector<ScriptedAnswer> answers)
    : state_(std::make_unique<State>()) {
  state_->answers = std::move(answers);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(state_->listener.get(), any, size) != 0 || ::listen(state_->listener.get(), 64) != 0 ||
      ::getsockname(state_->listener.get(), any, &size) != 0) {
    throw Error(ErrorKind::internal, "the scripted server cannot listen");
  }
  state_->port = ntohs(address.sin_port);
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

ScriptedServer::~ScriptedServer() {
  const std::uint64_t one = 1;
  require(::write(state_->wake.get(), &one, sizeof one) == sizeof one, "an eventfd takes a one");
  state_->thread.join();
}

int ScriptedServer::port() const {
  return state_->port;
}

std::vector<std::string> ScriptedServer::requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->requests;
}

int ScriptedServer::connections() const {
  const std::lock_guard lock(state_->mutex);
  return state_->accepted;
}

}  // namespace pipeline::test
