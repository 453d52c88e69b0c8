#include "common/object_store/s3_client.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/io/file.h"
#include "common/object_store/s3_answers.h"

namespace pipeline {
namespace {

// A page of 1,000 keys of 1,024 bytes, each percent-encoded, is 3 MB.
constexpr std::size_t small_answer_bytes_max = 16U << 20U;
constexpr std::chrono::milliseconds wait_piece{200};

bool succeeded(int status) {
  return status >= 200 && status < 300;
}

std::optional<std::chrono::seconds> retry_after(const http::Answer& answer) {
  const std::string text = answer.header("retry-after");
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return std::chrono::seconds(seconds);
}

/// What a refusal's reader needs; half an explanation is better than none.
std::string explanation(http::Answer& answer) {
  try {
    return read_all(answer, small_answer_bytes_max);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::cancelled) throw;
    return {};
  }
}

}  // namespace

S3Client::S3Client(S3ClientOptions options)
    : options_(std::move(options)),
      http_(options_.http),
      credentials_(options_.credentials, *options_.clock) {}

std::string S3Client::name_of(std::string_view key) const {
  return fmt::format("s3://{}/{}", options_.address.bucket, key);
}

S3Reply S3Client::call(const S3Call& call) {
  Result result = exchange(call, Body::read_here);
  return {.status = result.answer->status(),
          .body = std::move(result.body),
          .etag = plain_etag(result.answer->header("etag"))};
}

std::unique_ptr<http::Answer> S3Client::open(const S3Call& call) {
  return exchange(call, Body::left_to_the_caller).answer;
}

S3Client::Result S3Client::exchange(const S3Call& call, Body body) {
  enum class Renewed { no, yes } renewed = Renewed::no;
  for (int attempt = 1;; ++attempt) {
    std::optional<std::chrono::seconds> server_asks;
    std::optional<Error> failure;
    const aws::Credentials used = credentials_.fetch();
    try {
      Result result{.answer = send(call, used), .body = {}};
      const int status = result.answer->status();
      const bool taken =
          succeeded(status) || std::ranges::find(call.answers, status) != call.answers.end();
      if (taken && body == Body::left_to_the_caller) return result;
      result.body = succeeded(status) ? read_all(*result.answer, small_answer_bytes_max)
                                      : explanation(*result.answer);
      const bool whole = result.body.empty() || is_whole_xml(result.body);
      if (succeeded(status) && !whole) {
        throw Error(ErrorKind::unavailable, "the store's answer ends early");
      }
      // CopyObject and CompleteMultipartUpload begin with 200 before they know how they end.
      const bool error_in_success = succeeded(status) && !parse_s3_error(result.body).code.empty();
      if (taken && !error_in_success) return result;
      const S3Fault fault = fault_of(call, *result.answer, result.body, used);
      failure = s3_error(fault, http::name_of(call.method), options_.address.bucket, call.key,
                         options_.clock->now());
      if (fault.remedy == S3Remedy::new_token && renewed == Renewed::no &&
          !(credentials_.renew(used) == used)) {
        renewed = Renewed::yes;
        continue;
      }
      if (fault.remedy != S3Remedy::wait) throw Error(*failure);
      server_asks = retry_after(*result.answer);
    } catch (const Error& error) {
      if (failure || error.kind() != ErrorKind::unavailable) throw;
      failure = Error(error.kind(), fmt::format("{} {}: {}", http::name_of(call.method),
                                                name_of(call.key), error.message()))
                    .with("bucket", options_.address.bucket)
                    .with("key", call.key);
    }
    if (attempt >= options_.retry.attempts_max) {
      throw std::move(*failure).with("attempts", std::to_string(attempt));
    }
    log::debug("attempt {} failed, trying again: {}", attempt, failure->what());
    wait_before_retry(attempt, server_asks);
  }
}

std::unique_ptr<http::Answer> S3Client::send(const S3Call& call,
                                             const aws::Credentials& credentials) {
  aws::SignableRequest to_sign{.method = std::string(http::name_of(call.method)),
                               .path = options_.address.path_of(call.key),
                               .query = call.query,
                               .headers = call.headers,
                               .payload_hash = sha256_hex(call.body)};
  to_sign.headers.emplace_back("Host", options_.address.host);
  http::Request request{.method = call.method,
                        .url = options_.address.origin + to_sign.path,
                        .headers = {},
                        .body = call.body};
  if (!call.query.empty()) request.url += "?" + aws::encode_query(call.query);
  request.headers = aws::signed_headers(std::move(to_sign), credentials, options_.clock->now(),
                                        {.region = options_.region, .service = "s3"});
  return http_.send(std::move(request));
}

/// HEAD has no body to say why: the same is asked again as GET of the first byte.
S3Fault S3Client::fault_of(const S3Call& call, http::Answer& answer, std::string_view body,
                           const aws::Credentials& credentials) {
  const int status = answer.status();
  S3ErrorText text = parse_s3_error(body);
  if (call.method == http::Method::head && status >= 400 && status < 500) {
    S3Call first_byte = call;
    first_byte.method = http::Method::get;
    first_byte.headers.emplace_back("Range", "bytes=0-0");
    const auto again = send(first_byte, credentials);
    if (again->status() == status) text = parse_s3_error(explanation(*again));
  }
  if (text.request_id.empty()) text.request_id = answer.header("x-amz-request-id");
  if (text.server_time.empty()) text.server_time = answer.header("date");
  return s3_fault(status, std::move(text));
}

void S3Client::wait_before_retry(int attempt, std::optional<std::chrono::seconds> server_asks) {
  double drawn = 0;
  {
    const std::lock_guard lock(mutex_);
    drawn = std::uniform_real_distribution<double>(0, 1)(random_);
  }
  auto rest = retry_delay(options_.retry, attempt, drawn, server_asks);
  while (rest.count() > 0) {
    options_.http.check_cancelled();
    const auto piece = std::min(rest, wait_piece);
    options_.clock->sleep_for(piece);
    rest -= piece;
  }
  options_.http.check_cancelled();
}

}  // namespace pipeline
