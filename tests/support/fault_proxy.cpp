// A session is one thread that polls both sides. From the client it takes whole protocol packets
// (three bytes of length, one of sequence number), so that a pattern is found wherever the network
// cut the stream; from the server it passes on what comes. A client that asks for TLS (a first
// packet of 32 bytes of payload) is passed on as bytes from there on.
#include "tests/support/fault_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace pipeline::test {
namespace {

constexpr std::size_t header_bytes = 4;
constexpr std::size_t tls_request_bytes = 32;

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  require(path.size() < sizeof address.sun_path, "the socket's path is short enough");
  path.copy(static_cast<char*>(address.sun_path), path.size());
  return address;
}

sockaddr_in loopback_address(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

template <typename Address>
UniqueFd listen_on(const Address& address, int family) {
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), 64) != 0) {
    throw Error(ErrorKind::internal, "the fault proxy cannot listen");
  }
  return fd;
}

template <typename Address>
UniqueFd connect_to(const Address& address, int family) {
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return UniqueFd();
  }
  return fd;
}

UniqueFd connect_to_target(const Endpoint& target) {
  if (!target.socket.empty()) return connect_to(unix_address(target.socket), AF_UNIX);
  return connect_to(loopback_address(target.port), AF_INET);
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto put = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

/// Appends what has come; false at the end of the stream.
bool receive_some(int fd, std::string& bytes) {
  std::array<char, 65536> buffer;
  const auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
  if (got < 0 && errno == EINTR) return true;
  if (got <= 0) return false;
  bytes.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

std::size_t packet_bytes(std::string_view bytes) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i]));
  };
  return header_bytes + byte(0) + (byte(1) << 8) + (byte(2) << 16);
}

enum class Next { go_on, cut };

}  // namespace

struct FaultProxy::State {
  struct Session {
    UniqueFd client;
    UniqueFd server;
    std::string from_client;
    std::string held_answer;
    enum class Framing { packets, bytes } framing = Framing::packets;
    enum class Answer { pass, lose, hold } answer = Answer::pass;
    std::thread thread;
  };

  State(Endpoint to, Speaks its_language) : target(std::move(to)), speaks(its_language) {}

  void accept_loop();
  void run(Session& session);
  Next client_spoke(Session& session);
  Next forward(Session& session, std::string_view packet);
  Next server_spoke(Session& session);
  Next send_counted(int fd, std::string_view bytes, Fault::Kind cutting_kind);
  /// The fault that strikes at this packet, if any; disarms it.
  std::optional<Fault::Kind> take_pattern_fault(std::string_view packet);
  void note_strike();

  const Endpoint target;
  const Speaks speaks;
  TempDir dir;
  UniqueFd unix_listener;
  UniqueFd tcp_listener;
  int tcp_port = 0;
  UniqueFd wake{::eventfd(0, EFD_CLOEXEC)};  // readable once the proxy ends

  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  Fault fault;
  int strikes = 0;
  std::atomic<bool> holding{false};
  std::list<Session> sessions;
  std::thread acceptor;
};

void FaultProxy::State::accept_loop() {
  while (true) {
    std::array<pollfd, 3> fds{{{wake.get(), POLLIN, 0},
                               {unix_listener.get(), POLLIN, 0},
                               {tcp_listener ? tcp_listener.get() : -1, POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0) return;
    for (const auto& listener : {fds[1], fds[2]}) {
      if (listener.revents == 0) continue;
      UniqueFd client(::accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC));
      UniqueFd server = connect_to_target(target);
      if (!client || !server) continue;  // the client sees a closed connection, as without proxy
      const std::lock_guard lock(mutex);
      auto& session = sessions.emplace_back();
      session.client = std::move(client);
      session.server = std::move(server);
      if (speaks == Speaks::http) session.framing = Session::Framing::bytes;
      session.thread = std::thread([this, &session] { run(session); });
    }
  }
}

void FaultProxy::State::run(Session& session) {
  constexpr int hold_poll_ms = 2;
  while (true) {
    if (session.answer == Session::Answer::hold && !holding) {
      session.answer = Session::Answer::pass;
      if (!send_all(session.client.get(), session.held_answer)) break;
      session.held_answer.clear();
    }
    std::array<pollfd, 3> fds{{{wake.get(), POLLIN, 0},
                               {session.client.get(), POLLIN, 0},
                               {session.server.get(), POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), session.answer == Session::Answer::hold ? hold_poll_ms : -1);
    if (fds[0].revents != 0) break;
    if (fds[1].revents != 0 && client_spoke(session) == Next::cut) break;
    if (fds[2].revents != 0 && server_spoke(session) == Next::cut) break;
  }
  // Only shut down here: the descriptors stay reserved until the thread is joined.
  ::shutdown(session.client.get(), SHUT_RDWR);
  ::shutdown(session.server.get(), SHUT_RDWR);
}

Next FaultProxy::State::client_spoke(Session& session) {
  if (!receive_some(session.client.get(), session.from_client)) return Next::cut;
  while (session.framing == Session::Framing::packets &&
         session.from_client.size() >= header_bytes &&
         session.from_client.size() >= packet_bytes(session.from_client)) {
    const std::string packet = session.from_client.substr(0, packet_bytes(session.from_client));
    session.from_client.erase(0, packet.size());
    if (forward(session, packet) == Next::cut) return Next::cut;
    if (packet.size() == header_bytes + tls_request_bytes && packet[3] == 1) {
      session.framing = Session::Framing::bytes;
    }
  }
  if (session.framing == Session::Framing::packets || session.from_client.empty()) {
    return Next::go_on;
  }
  const std::string bytes = std::exchange(session.from_client, {});
  return forward(session, bytes);
}

Next FaultProxy::State::forward(Session& session, std::string_view packet) {
  const auto struck = take_pattern_fault(packet);
  if (struck == Fault::Kind::lose_request) {
    note_strike();
    return Next::cut;
  }
  if (struck == Fault::Kind::lose_answer) session.answer = Session::Answer::lose;
  if (struck == Fault::Kind::stall_answer) {
    holding = true;
    session.answer = Session::Answer::hold;
  }
  return send_counted(session.server.get(), packet, Fault::Kind::cut_after_client_bytes);
}

Next FaultProxy::State::server_spoke(Session& session) {
  std::string bytes;
  if (!receive_some(session.server.get(), bytes)) return Next::cut;
  switch (session.answer) {
    case Session::Answer::lose:
      note_strike();
      return Next::cut;
    case Session::Answer::hold:
      if (session.held_answer.empty()) note_strike();
      session.held_answer += bytes;
      return Next::go_on;
    case Session::Answer::pass:
      break;
  }
  return send_counted(session.client.get(), bytes, Fault::Kind::cut_after_server_bytes);
}

Next FaultProxy::State::send_counted(int fd, std::string_view bytes, Fault::Kind cutting_kind) {
  bool cut_here = false;
  bool flipped = false;
  std::string spoilt;
  {
    const std::lock_guard lock(mutex);
    if (fault.kind == Fault::Kind::flip_server_byte &&
        cutting_kind == Fault::Kind::cut_after_server_bytes) {
      if (const auto at = bytes.find(fault.pattern); at != std::string_view::npos) {
        fault.bytes += at + fault.pattern.size();
        fault.pattern.clear();
      }
      flipped = fault.pattern.empty() && bytes.size() > fault.bytes;
      if (flipped) {
        spoilt = bytes;
        spoilt[fault.bytes] = static_cast<char>(spoilt[fault.bytes] ^ 4);
        bytes = spoilt;
        fault = Fault{};
      } else if (fault.pattern.empty()) {
        fault.bytes -= bytes.size();
      }
    }
    if (fault.kind == cutting_kind) {
      cut_here = bytes.size() >= fault.bytes;
      if (cut_here) {
        bytes = bytes.substr(0, fault.bytes);
        fault = Fault{};
      } else {
        fault.bytes -= bytes.size();
      }
    }
  }
  const bool sent = send_all(fd, bytes);
  if (cut_here || flipped) note_strike();
  return sent && !cut_here ? Next::go_on : Next::cut;
}

std::optional<Fault::Kind> FaultProxy::State::take_pattern_fault(std::string_view packet) {
  const std::lock_guard lock(mutex);
  const bool has_pattern = fault.kind == Fault::Kind::lose_answer ||
                           fault.kind == Fault::Kind::lose_request ||
                           fault.kind == Fault::Kind::stall_answer;
  if (!has_pattern || packet.find(fault.pattern) == std::string_view::npos) return std::nullopt;
  return std::exchange(fault, Fault{}).kind;
}

void FaultProxy::State::note_strike() {
  const std::lock_guard lock(mutex);
  ++strikes;
  changed.notify_all();
}

FaultProxy::FaultProxy(Endpoint target, Listen listen, Speaks speaks)
    : state_(std::make_unique<State>(std::move(target), speaks)) {
  state_->unix_listener = listen_on(unix_address(endpoint().socket), AF_UNIX);
  if (listen == Listen::socket_and_tcp) {
    state_->tcp_listener = listen_on(loopback_address(0), AF_INET);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(state_->tcp_listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
    state_->tcp_port = ntohs(address.sin_port);
  }
  state_->acceptor = std::thread([state = state_.get()] { state->accept_loop(); });
}

FaultProxy::~FaultProxy() {
  const std::uint64_t one = 1;
  require(::write(state_->wake.get(), &one, sizeof one) == sizeof one, "an eventfd takes a one");
  state_->acceptor.join();
  cut_all();  // frees a session that is stuck in a send
  for (auto& session : state_->sessions) session.thread.join();
}

Endpoint FaultProxy::endpoint() const {
  Endpoint endpoint;
  endpoint.socket = state_->dir.file("s");
  return endpoint;
}

Endpoint FaultProxy::tcp_endpoint() const {
  require(state_->tcp_port != 0, "the proxy was asked to listen on TCP");
  Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = state_->tcp_port;
  endpoint.tls.mode = TlsOptions::Mode::insecure_plaintext;
  return endpoint;
}

void FaultProxy::arm(Fault fault) {
  const std::lock_guard lock(state_->mutex);
  state_->fault = std::move(fault);
}

void FaultProxy::cut_all() {
  const std::lock_guard lock(state_->mutex);
  for (const auto& session : state_->sessions) {
    ::shutdown(session.client.get(), SHUT_RDWR);
    ::shutdown(session.server.get(), SHUT_RDWR);
  }
}

void FaultProxy::release() {
  state_->holding = false;
}

int FaultProxy::struck() const {
  const std::lock_guard lock(state_->mutex);
  return state_->strikes;
}

void FaultProxy::wait_until_struck(int times, std::chrono::milliseconds limit) const {
  std::unique_lock lock(state_->mutex);
  if (!state_->changed.wait_for(lock, limit, [&] { return state_->strikes >= times; })) {
    throw Error(ErrorKind::timed_out, "no fault struck in time");
  }
}

}  // namespace pipeline::test
