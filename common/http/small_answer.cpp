#include "common/http/small_answer.h"

#include <charconv>
#include <random>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/io/file.h"

namespace pipeline::http {
namespace {

constexpr std::size_t answer_bytes_max = 1U << 20U;
constexpr std::chrono::milliseconds wait_piece{200};

std::optional<std::chrono::seconds> seconds_of(const std::string& text) {
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return std::chrono::seconds(seconds);
}

void wait(const SmallRequestOptions& options, int attempt,
          std::optional<std::chrono::seconds> server_asks) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const double drawn = std::uniform_real_distribution<double>(0, 1)(random);
  auto rest = retry_delay(options.retry, attempt, drawn, server_asks);
  options.check_cancelled();
  while (rest.count() > 0) {
    const auto piece = std::min(rest, wait_piece);
    options.clock->sleep_for(piece);
    rest -= piece;
    options.check_cancelled();
  }
}

}  // namespace

SmallAnswer send_small(Client& client, const Request& request, const SmallRequestOptions& options) {
  for (int attempt = 1;; ++attempt) {
    const bool last = attempt >= options.retry.attempts_max;
    std::optional<std::chrono::seconds> server_asks;
    try {
      const auto answer = client.send(request);
      SmallAnswer small{.status = answer->status(), .body = read_all(*answer, answer_bytes_max)};
      const bool passing = small.status == 429 || small.status >= 500 || options.is_passing(small);
      if (!passing || last) return small;
      server_asks = seconds_of(answer->header("retry-after"));
      log::debug("attempt {} was answered with {}, trying again", attempt, small.status);
    } catch (const Error& error) {
      if (last || error.kind() != ErrorKind::unavailable) throw;
      log::debug("attempt {} failed, trying again: {}", attempt, error.what());
    }
    wait(options, attempt, server_asks);
  }
}

}  // namespace pipeline::http
