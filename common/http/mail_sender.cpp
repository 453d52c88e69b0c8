// How a send is given up. Taking a handle away in the middle of a mail would end the mail there
// with a dot, and wait for the server to say yes to half of it; so libcurl itself must find that
// there is nothing to go on with. It asks its progress callback, but while the server takes its
// time to accept the mail, and again at the good-bye, only once a second. So a thread watches
// whether the work is cancelled and then shuts the sockets down, which ends every wait of libcurl
// at once.
#include "common/http/mail_sender.h"

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string_view>
#include <thread>

#include <fmt/core.h>

#include "common/base/control_characters.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/http/endpoint.h"
#include "common/http/said.h"

namespace pipeline::http {
namespace {

constexpr std::size_t refusals_max = 5;
constexpr std::size_t words_bytes_max = 200;
constexpr std::chrono::milliseconds wait_piece{100};

struct EasyCloser {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiCloser {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListCloser>;

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  require(curl_easy_setopt(easy, option, value) == CURLE_OK, "libcurl has the option");
}

/// In angle brackets, which a server may insist on.
std::string path_of(const std::string& address) {
  const auto is_bad = [](char byte) {
    return is_control(byte) || byte == ' ' || byte == '<' || byte == '>';
  };
  if (address.empty() || std::ranges::any_of(address, is_bad)) {
    throw Error(ErrorKind::config_invalid,
                "a mail address is empty or holds a blank, a bracket or "
                "a line break");
  }
  return "<" + address + ">";
}

List list_of(const std::vector<std::string>& addresses) {
  List list;
  for (const auto& address : addresses) {
    curl_slist* longer = curl_slist_append(list.get(), path_of(address).c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(list.release());
    list.reset(longer);
  }
  return list;
}

/// Makes the forms in which a login travels known to the redactor too: a server may repeat them in
/// its refusal.
void keep_login_secret(const std::string& username, const std::string& password) {
  const Secret plain(base64(std::string(1, '\0') + username + std::string(1, '\0') + password));
  const Secret login(base64(password));
}

/// Looks ten times a second whether the work is cancelled; then shuts down the sockets it knows.
class Watch {
 public:
  explicit Watch(const std::function<void()>& check_cancelled)
      : thread_([this, &check_cancelled](const std::stop_token& done) {
          while (!done.stop_requested()) {
            try {
              check_cancelled();
            } catch (...) {
              end_work(std::current_exception());
              return;
            }
            std::unique_lock lock(mutex_);
            wakes_.wait_for(lock, done, wait_piece, [] { return false; });
          }
        }) {}

  bool has_ended_the_work() const { return ended_; }
  /// What check_cancelled threw; only after the work was ended.
  std::exception_ptr why() {
    const std::lock_guard lock(mutex_);
    return why_;
  }

  int open_socket(int family, int type, int protocol) {
    const int fd = ::socket(family, type | SOCK_CLOEXEC, protocol);
    const std::lock_guard lock(mutex_);
    if (fd >= 0) sockets_.insert(fd);
    return fd;
  }
  int close_socket(int fd) {
    const std::lock_guard lock(mutex_);
    sockets_.erase(fd);
    return ::close(fd);
  }

 private:
  void end_work(std::exception_ptr why) {
    const std::lock_guard lock(mutex_);
    why_ = std::move(why);
    ended_ = true;
    for (const int fd : sockets_) ::shutdown(fd, SHUT_RDWR);
  }

  std::mutex mutex_;
  std::condition_variable_any wakes_;
  std::set<int> sockets_;
  std::exception_ptr why_;
  std::atomic<bool> ended_{false};
  std::jthread thread_;  // last: it uses the others
};

/// What a server offers in answer to EHLO, which it is asked after each of its greetings: once, and
/// again behind STARTTLS.
class Hello {
 public:
  /// Any line of the server: "220 ready", "250-AUTH PLAIN LOGIN", "250 HELP".
  void hear(std::string_view line) {
    const std::string_view code = line.substr(0, 3);
    const bool is_last = line.size() == 3 || (line.size() > 3 && line[3] == ' ');
    if (code == "220") {
      state_ = State::is_asked;
      offers_login_ = false;
    } else if (state_ == State::is_asked && code == "250") {
      if (to_lower(line.substr(std::min<std::size_t>(4, line.size()))).starts_with("auth ")) {
        offers_login_ = true;
      }
      if (is_last) {
        state_ = State::has_answered;
        ++answered_;
      }
    }
  }
  /// How often it has told all that it offers.
  int answered() const { return answered_; }
  bool offers_login() const { return offers_login_; }

 private:
  enum class State { is_silent, is_asked, has_answered } state_ = State::is_silent;
  int answered_ = 0;
  bool offers_login_ = false;
};

/// One session with a server, for one mail.
class Session {
 public:
  Session(const MailServer& server, const Mail& mail, const MailLimits& limits)
      : server_(server),
        limits_(limits),
        text_(mail.text),
        recipients_(list_of(mail.to)),
        watch_(limits.check_cancelled),
        easy_(curl_easy_init()),
        multi_(curl_multi_init()) {
    if (!easy_ || !multi_) throw std::bad_alloc();
    set_server();
    set(easy_.get(), CURLOPT_MAIL_FROM, path_of(mail.from).c_str());
    set(easy_.get(), CURLOPT_MAIL_RCPT, recipients_.get());
    set(easy_.get(), CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    set(easy_.get(), CURLOPT_UPLOAD, 1L);
    set(easy_.get(), CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(text_.size()));
    set_callbacks();
    require(curl_multi_add_handle(multi_.get(), easy_.get()) == CURLM_OK, "a handle is added once");
  }
  ~Session() { curl_multi_remove_handle(multi_.get(), easy_.get()); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  MailReceipt run() {
    while (!result_) {
      int running = 0;
      require(curl_multi_perform(multi_.get(), &running) == CURLM_OK, "a multi handle works");
      note_end();
      if (!result_)
        curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(wait_piece.count()), nullptr);
    }
    // A server that has taken the mail has taken it, also if the time ended at the good-bye.
    if (*result_ == CURLE_OK) return {.refusals = std::move(refusals_)};
    if (watch_.has_ended_the_work()) std::rethrow_exception(watch_.why());
    throw failure();
  }

 private:
  void set_server() {
    CURL* easy = easy_.get();
    const bool implicit = server_.security == MailServer::Security::implicit_tls;
    const bool plain = server_.security == MailServer::Security::plain;
    if (plain && !is_loopback(server_.host)) {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("{} would be sent a mail in clear text", server_.host));
    }
    const std::string url =
        fmt::format("{}://{}:{}", implicit ? "smtps" : "smtp", server_.host, server_.port);
    set(easy, CURLOPT_URL, url.c_str());
    set(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(easy, CURLOPT_PROXY, "");
    set(easy, CURLOPT_USE_SSL, static_cast<long>(plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!server_.ca_file.empty()) {
      set(easy, CURLOPT_CAINFO, server_.ca_file.c_str());
      set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    if (!server_.username.empty()) {
      set(easy, CURLOPT_USERNAME, server_.username.c_str());
      set(easy, CURLOPT_PASSWORD, server_.password.reveal().c_str());
      keep_login_secret(server_.username, server_.password.reveal());
      set(easy, CURLOPT_SASL_IR, 1L);  // the login in one line, where the server takes that
    }
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_QUICK_EXIT, 1L);  // no wait for a name server that does not answer
    set(easy, CURLOPT_FORBID_REUSE, 1L);
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits_.connect_limit.count()));
    set(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, static_cast<long>(limits_.answer_limit.count()));
  }

  void set_callbacks() {
    CURL* easy = easy_.get();
    void* self = this;
    set(easy, CURLOPT_ERRORBUFFER, failure_text_.data());
    set(easy, CURLOPT_READFUNCTION, &Session::give_text);
    set(easy, CURLOPT_READDATA, self);
    set(easy, CURLOPT_HEADERFUNCTION, &Session::take_answer);
    set(easy, CURLOPT_HEADERDATA, self);
    set(easy, CURLOPT_OPENSOCKETFUNCTION, &Session::open_socket);
    set(easy, CURLOPT_OPENSOCKETDATA, self);
    set(easy, CURLOPT_CLOSESOCKETFUNCTION, &Session::close_socket);
    set(easy, CURLOPT_CLOSESOCKETDATA, self);
    set(easy, CURLOPT_NOPROGRESS, 0L);
    set(easy, CURLOPT_XFERINFOFUNCTION, &Session::look_whether_cancelled);
    set(easy, CURLOPT_XFERINFODATA, self);
  }

  static std::size_t give_text(char* buffer, std::size_t size, std::size_t count, void* self) {
    auto& session = *static_cast<Session*>(self);
    const std::string_view rest = std::string_view(session.text_).substr(session.given_);
    const std::size_t bytes = std::min(size * count, rest.size());
    std::memcpy(buffer, rest.data(), bytes);
    session.given_ += bytes;
    return bytes;
  }

  /// Every line of the server comes here: "535 5.7.8 bad login".
  static std::size_t take_answer(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& session = *static_cast<Session*>(self);
    try {
      const std::string_view line = trim({bytes, size * count});
      if (line.starts_with('4') || line.starts_with('5')) {
        session.last_refusal_ = said_in_one_line(line, words_bytes_max);
        if (session.refusals_.size() < refusals_max) {
          session.refusals_.push_back(session.last_refusal_);
        }
      }
      session.hello_.hear(line);
      if (session.lacks_login()) return 0;  // ends the session before the mail
    } catch (...) {
      return 0;  // no exception may pass through C; curl reports a write error
    }
    return size * count;
  }

  /// libcurl would go on without a login, and the mail would come from nobody.
  bool lacks_login() const {
    const bool starttls = server_.security == MailServer::Security::starttls;
    return !server_.username.empty() && hello_.answered() == (starttls ? 2 : 1) &&
           !hello_.offers_login();
  }

  static int look_whether_cancelled(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Session*>(self)->watch_.has_ended_the_work() ? 1 : 0;
  }

  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) {
    return static_cast<Session*>(self)->watch_.open_socket(address->family, address->socktype,
                                                           address->protocol);
  }

  static int close_socket(void* self, curl_socket_t fd) {
    return static_cast<Session*>(self)->watch_.close_socket(fd);
  }

  void note_end() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg == CURLMSG_DONE) result_ = message->data.result;
    }
  }

  ErrorKind kind_of_failure() const {
    switch (*result_) {
      case CURLE_SSL_CACERT_BADFILE:
      case CURLE_URL_MALFORMAT:
        return ErrorKind::config_invalid;
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_ISSUER_ERROR:
      case CURLE_USE_SSL_FAILED:
        return ErrorKind::access_denied;
      case CURLE_OUT_OF_MEMORY:
        return ErrorKind::resource_exhausted;
      default:
        break;
    }
    long code = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &code);
    if (code >= 500 && code < 600) return ErrorKind::access_denied;
    if (code >= 400 && code < 500) return ErrorKind::unavailable;
    return *result_ == CURLE_LOGIN_DENIED ? ErrorKind::access_denied : ErrorKind::unavailable;
  }

  Error failure() const {
    const std::string where = fmt::format("{}:{}", server_.host, server_.port);
    if (*result_ == CURLE_USE_SSL_FAILED) {
      return Error(kind_of_failure(),
                   fmt::format("{} offers no STARTTLS; neither login nor mail was sent", where));
    }
    const std::string_view detail = failure_text_.data();
    if (lacks_login()) {
      return Error(ErrorKind::access_denied,
                   fmt::format("{} offers no login; neither login nor mail was sent", where));
    }
    std::string words = fmt::format("the mail server {}: {}", where,
                                    detail.empty() ? curl_easy_strerror(*result_) : detail);
    if (*result_ == CURLE_LOGIN_DENIED) {
      words = fmt::format("the mail server {} refuses the login of {}", where, server_.username);
    }
    if (!last_refusal_.empty()) words += fmt::format(" ({})", last_refusal_);
    return Error(kind_of_failure(), std::move(words));
  }

  const MailServer& server_;
  const MailLimits& limits_;
  const std::string& text_;
  std::size_t given_ = 0;
  List recipients_;
  Watch watch_;  // before the handles, which close their sockets by it
  std::unique_ptr<CURL, EasyCloser> easy_;
  std::unique_ptr<CURLM, MultiCloser> multi_;
  std::array<char, CURL_ERROR_SIZE> failure_text_{};
  std::optional<CURLcode> result_;
  Hello hello_;
  std::string last_refusal_;
  std::vector<std::string> refusals_;
};

}  // namespace

MailReceipt send_mail(const MailServer& server, const Mail& mail, const MailLimits& limits) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  require(ready == CURLE_OK, "libcurl starts");
  require(!mail.to.empty(), "a mail has a recipient");
  return Session(server, mail, limits).run();
}

}  // namespace pipeline::http
