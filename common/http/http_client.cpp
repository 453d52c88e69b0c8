// libcurl pushes, the program pulls. Each answer runs on a multi handle of its own, driven by the
// thread that reads: curl hands pieces to a window of bounded size, and once it is full the
// transfer is paused, so that a slow reader slows the server down instead of filling the memory.
// Time counts as silence only while somebody waits for bytes. Multi handles hold the open
// connections; a used one goes back to the client's pool.
#include "common/http/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::http {
namespace {

constexpr std::size_t window_bytes = 512U << 10U;
constexpr std::size_t head_bytes_max = 256U << 10U;
constexpr std::size_t idle_handles_max = 8;
constexpr int wait_piece_ms = 100;

using Time = std::chrono::steady_clock;

struct MultiCloser {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using Multi = std::unique_ptr<CURLM, MultiCloser>;

struct EasyCloser {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyCloser>;

struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListCloser>;

/// "https://host:9000" of a URL.
std::string host_of(std::string_view url) {
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return "the server";
  return std::string(url.substr(0, url.find_first_of("/?#", scheme_end + 3)));
}

ErrorKind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CACERT_BADFILE:
      return ErrorKind::config_invalid;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return ErrorKind::access_denied;
    case CURLE_OUT_OF_MEMORY:
      return ErrorKind::resource_exhausted;
    default:
      return ErrorKind::unavailable;
  }
}

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  require(curl_easy_setopt(easy, option, value) == CURLE_OK, "libcurl has the option");
}

HeaderList header_list(const Request& request) {
  HeaderList list;
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(list.release());
    list.reset(longer);
  };
  for (const auto& [name, value] : request.headers) {
    require_header(name, value);
    // A header without a value is sent only if it ends in a semicolon.
    add(value.empty() ? name + ";" : name + ": " + value);
  }
  add("Expect:");  // no wait for "100 Continue"
  const auto is_type = [](const auto& header) { return to_lower(header.first) == "content-type"; };
  if (std::ranges::none_of(request.headers, is_type)) add("Content-Type:");
  return list;
}

}  // namespace

std::string_view name_of(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::put:
      return "PUT";
    case Method::post:
      return "POST";
    case Method::remove:
      return "DELETE";
  }
  return "GET";
}

struct Client::Connections {
  std::mutex mutex;
  std::vector<Multi> idle;

  Multi take() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) {
      Multi fresh(curl_multi_init());
      if (!fresh) throw std::bad_alloc();
      return fresh;
    }
    Multi multi = std::move(idle.back());
    idle.pop_back();
    return multi;
  }
  void give_back(Multi multi) {
    const std::lock_guard lock(mutex);
    if (idle.size() < idle_handles_max) idle.push_back(std::move(multi));
  }
};

/// One request and its answer.
class Answer::Exchange {
 public:
  Exchange(Request request, const ClientOptions& options, Client::Connections& connections)
      : request_(std::move(request)),
        options_(options),
        connections_(connections),
        headers_list_(header_list(request_)),
        multi_(connections.take()),
        easy_(curl_easy_init()) {
    if (!easy_) throw std::bad_alloc();
    set_options();
    require(curl_multi_add_handle(multi_.get(), easy_.get()) == CURLM_OK, "a handle is added once");
  }

  ~Exchange() {
    curl_multi_remove_handle(multi_.get(), easy_.get());
    connections_.give_back(std::move(multi_));
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void wait_for_head() {
    work_until([&] { return head_ == Head::whole; });
    if (head_ != Head::whole) throw_failure("ended before it answered");
  }

  std::size_t read(std::span<char> buffer) {
    if (buffer.empty()) return 0;
    if (rest().empty()) {
      window_.clear();
      at_ = 0;
      if (paused_ == Paused::yes) {
        paused_ = Paused::no;
        curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
      }
      work_until([&] { return !rest().empty(); });
    }
    const std::size_t count = std::min(buffer.size(), rest().size());
    std::copy_n(rest().data(), count, buffer.data());
    at_ += count;
    if (count == 0 && result_ != CURLE_OK) throw_failure("was lost");
    return count;
  }

  int status() const { return status_; }
  std::string header(std::string_view name) const {
    const std::string wanted = to_lower(name);
    std::string found;
    for (const auto& [one, value] : headers_) {
      if (one == wanted) found = value;
    }
    return found;
  }

 private:
  enum class Head { open, whole };
  enum class Paused { no, yes };
  enum class Work { going_on, done };

  void set_options() {
    CURL* easy = easy_.get();
    set(easy, CURLOPT_URL, request_.url.c_str());
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy, CURLOPT_PATH_AS_IS, 1L);
    // What is not encrypted goes to its server alone, whatever proxy the environment names.
    if (request_.url.starts_with("http://")) set(easy, CURLOPT_PROXY, "");
    set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_QUICK_EXIT, 1L);  // no wait for a name server that does not answer
    set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_limit.count()));
    set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options_.ca_file.empty()) {
      set(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
      set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    set(easy, CURLOPT_HTTPHEADER, headers_list_.get());
    set(easy, CURLOPT_ERRORBUFFER, failure_text_.data());
    set(easy, CURLOPT_HEADERFUNCTION, &Exchange::take_header);
    set(easy, CURLOPT_HEADERDATA, static_cast<void*>(this));
    set(easy, CURLOPT_WRITEFUNCTION, &Exchange::take_body);
    set(easy, CURLOPT_WRITEDATA, static_cast<void*>(this));
    set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set_method(easy);
  }

  void set_method(CURL* easy) {
    switch (request_.method) {
      case Method::get:
        return;
      case Method::head:
        set(easy, CURLOPT_NOBODY, 1L);
        return;
      case Method::remove:
        set(easy, CURLOPT_CUSTOMREQUEST, "DELETE");
        return;
      case Method::put:
      case Method::post:
        set(easy, CURLOPT_POSTFIELDS, request_.body.c_str());
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        set(easy, CURLOPT_CUSTOMREQUEST, request_.method == Method::put ? "PUT" : "POST");
        return;
    }
  }

  std::string_view rest() const { return std::string_view(window_).substr(at_); }

  std::uint64_t progress() const {
    curl_off_t uploaded = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_UPLOAD_T, &uploaded);
    return received_bytes_ + static_cast<std::uint64_t>(uploaded);
  }

  /// Drives the transfer until `enough` or its end.
  template <typename Enough>
  void work_until(const Enough& enough) {
    auto moved_at = Time::now();
    std::uint64_t moved = progress();
    while (!enough() && work_ == Work::going_on) {
      int running = 0;
      require(curl_multi_perform(multi_.get(), &running) == CURLM_OK, "a multi handle works");
      note_end();
      if (enough() || work_ == Work::done) return;
      options_.check_cancelled();
      curl_multi_poll(multi_.get(), nullptr, 0, wait_piece_ms, nullptr);
      if (const auto now_moved = progress(); now_moved != moved) {
        moved = now_moved;
        moved_at = Time::now();
      } else if (Time::now() - moved_at > options_.silence_limit) {
        throw Error(ErrorKind::unavailable,
                    fmt::format("{} was silent for {} ms", host_of(request_.url),
                                options_.silence_limit.count()));
      }
    }
  }

  void note_end() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      work_ = Work::done;
      result_ = message->data.result;
    }
  }

  [[noreturn]] void throw_failure(std::string_view what) const {
    const std::string_view detail = failure_text_.data();
    throw Error(kind_of(result_),
                fmt::format("the connection to {} {}: {}", host_of(request_.url), what,
                            detail.empty() ? curl_easy_strerror(result_) : detail));
  }

  static std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* self) {
    try {
      return static_cast<Exchange*>(self)->header_line({bytes, size * count}) ? size * count : 0;
    } catch (...) {
      return 0;  // no exception may pass through C; curl reports a write error
    }
  }

  bool header_line(std::string_view line) {
    received_bytes_ += line.size();
    if (head_ == Head::whole) return true;  // trailers say nothing that we ask
    head_size_ += line.size();
    if (head_size_ > head_bytes_max) return false;
    const std::string_view text = trim(line);
    if (text.starts_with("HTTP/")) {
      headers_.clear();
      const auto blank = text.find(' ');
      const auto digits = blank == std::string_view::npos ? "" : text.substr(blank + 1, 3);
      status_ = 0;
      std::from_chars(digits.data(), digits.data() + digits.size(), status_);
    } else if (text.empty()) {
      if (status_ >= 200) head_ = Head::whole;  // 1xx: the answer proper comes after it
    } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
      headers_.emplace_back(to_lower(trim(text.substr(0, colon))), trim(text.substr(colon + 1)));
    }
    return true;
  }

  static std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    if (exchange.rest().size() >= window_bytes) {
      exchange.paused_ = Paused::yes;
      return CURL_WRITEFUNC_PAUSE;
    }
    try {
      exchange.window_.append(bytes, size * count);
    } catch (...) {
      return 0;
    }
    exchange.received_bytes_ += size * count;
    return size * count;
  }

  Request request_;
  const ClientOptions& options_;
  Client::Connections& connections_;
  HeaderList headers_list_;
  Multi multi_;
  Easy easy_;
  std::array<char, CURL_ERROR_SIZE> failure_text_{};
  CURLcode result_ = CURLE_OK;
  Work work_ = Work::going_on;
  Head head_ = Head::open;
  Paused paused_ = Paused::no;
  int status_ = 0;
  Headers headers_;  // names in lower case
  std::size_t head_size_ = 0;
  std::uint64_t received_bytes_ = 0;
  std::string window_;
  std::size_t at_ = 0;
};

Answer::Answer(std::unique_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
Answer::~Answer() = default;

int Answer::status() const {
  return exchange_->status();
}

void require_header(const std::string& name, std::string_view value) {
  if (name.find_first_of("\r\n:") == std::string::npos &&
      value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos) {
    return;
  }
  throw Error(ErrorKind::config_invalid,
              fmt::format("the header {} holds a line break", head(name, 40)));
}

std::string Answer::header(std::string_view name) const {
  return exchange_->header(name);
}

std::optional<std::uint64_t> Answer::content_length() const {
  const std::string text = header("content-length");
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return bytes;
}

std::size_t Answer::read(std::span<char> buffer) {
  return exchange_->read(buffer);
}

Client::Client(ClientOptions options)
    : options_(std::move(options)), connections_(std::make_unique<Connections>()) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  require(ready == CURLE_OK, "libcurl starts");
}

Client::~Client() = default;

std::unique_ptr<Answer> Client::send(Request request) {
  auto exchange = std::make_unique<Answer::Exchange>(std::move(request), options_, *connections_);
  exchange->wait_for_head();
  return std::unique_ptr<Answer>(new Answer(std::move(exchange)));
}

}  // namespace pipeline::http
