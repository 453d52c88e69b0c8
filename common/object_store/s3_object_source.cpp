// The connection carries the object straight into the loader, which may take an hour for it.
// Services close such connections (an idle limit, a restart, a router), and some cuts look like an
// end. So the size and the etag come from HEAD before the first byte; a stream that stops short of
// the size is opened again at that byte with `Range` and `If-Match`, so that what goes on is the
// same object.
#include "common/object_store/s3_object_source.h"

#include <charconv>

#include <fmt/core.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/object_store/s3_answers.h"

namespace pipeline {
namespace {

constexpr int cuts_max = 100;
constexpr int not_found = 404;
constexpr int precondition_failed = 412;
constexpr int partial_content = 206;

[[noreturn]] void replaced(const std::string& name) {
  throw Error(ErrorKind::unavailable,
              fmt::format("{} was replaced or removed while it was read; try again when the upload "
                          "is complete",
                          name));
}

}  // namespace

std::optional<ObjectInfo> s3_head(S3Client& client, const std::string& full_key) {
  const auto answer =
      client.open({.method = http::Method::head, .key = full_key, .answers = {not_found}});
  if (answer->status() == not_found) return {};
  const auto size = answer->content_length();
  const std::string etag = plain_etag(answer->header("etag"));
  if (!size || etag.empty()) {
    throw Error(ErrorKind::unavailable,
                fmt::format("the store names no size or no ETag for {}", client.name_of(full_key)));
  }
  return ObjectInfo{.key = full_key,
                    .size_bytes = *size,
                    .etag = etag,
                    .modified = parse_http_date(answer->header("last-modified"))
                                    .value_or(std::chrono::system_clock::time_point{})};
}

S3ObjectSource::S3ObjectSource(std::shared_ptr<S3Client> client, ObjectInfo object,
                               std::uint64_t offset)
    : client_(std::move(client)), object_(std::move(object)), at_(offset) {}

std::size_t S3ObjectSource::read(std::span<char> buffer) {
  if (buffer.empty() || ended_ == Ended::yes) return 0;
  while (at_ < object_.size_bytes) {
    if (!answer_ && open() == Opened::other_bytes) continue;
    try {
      const auto left = object_.size_bytes - at_;
      const std::size_t count = answer_->read(
          buffer.size() > left ? buffer.first(static_cast<std::size_t>(left)) : buffer);
      if (count > 0) {
        at_ += count;
        cuts_in_a_row_ = 0;
        return count;
      }
      note_cut(Error(ErrorKind::unavailable, "the answer ended early"));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unavailable) throw;
      note_cut(error);
    }
  }
  answer_.reset();
  require_still_there();
  ended_ = Ended::yes;
  return 0;
}

S3ObjectSource::Opened S3ObjectSource::open() {
  S3Call call{.key = object_.key,
              .headers = {{"If-Match", "\"" + object_.etag + "\""}},
              .answers = {not_found, precondition_failed}};
  if (at_ > 0) call.headers.emplace_back("Range", fmt::format("bytes={}-", at_));
  auto answer = client_->open(call);
  const int status = answer->status();
  if (status == not_found || status == precondition_failed) replaced(client_->name_of(object_.key));
  const auto length = answer->content_length();
  const std::string etag = plain_etag(answer->header("etag"));
  const bool right_part =
      at_ == 0 || (status == partial_content &&
                   answer->header("content-range").starts_with(fmt::format("bytes {}-", at_)));
  // Without an ETag it is no object: something between answered with a page of its own.
  if (!etag.empty() && etag != object_.etag) replaced(client_->name_of(object_.key));
  if (etag.empty() || !right_part || (length && *length != object_.size_bytes - at_)) {
    note_cut(Error(ErrorKind::unavailable,
                   fmt::format("the store answered with other bytes than {} from byte {}",
                               client_->name_of(object_.key), at_))
                 .with("content_range", head(answer->header("content-range"), 100)));
    return Opened::other_bytes;
  }
  answer_ = std::move(answer);
  return Opened::yes;
}

void S3ObjectSource::note_cut(const Error& cut) {
  answer_.reset();
  ++cuts_;
  ++cuts_in_a_row_;
  if (cuts_ > cuts_max || cuts_in_a_row_ >= client_->retry().attempts_max) {
    throw Error(ErrorKind::unavailable,
                fmt::format("{} was cut {} times, the last time after {} of {} bytes",
                            client_->name_of(object_.key), cuts_, at_, object_.size_bytes))
        .caused_by(cut);
  }
  log::warn("{} was cut after {} of {} bytes ({}); going on from there",
            client_->name_of(object_.key), at_, object_.size_bytes, cut.message());
  client_->wait_before_retry(cuts_in_a_row_, {});
}

void S3ObjectSource::require_still_there() {
  const auto now = s3_head(*client_, object_.key);
  if (!now || now->etag != object_.etag || now->size_bytes != object_.size_bytes) {
    replaced(client_->name_of(object_.key));
  }
}

}  // namespace pipeline
