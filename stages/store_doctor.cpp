#include "stages/store_doctor.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <span>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/http/http_client.h"
#include "common/io/file.h"
#include "common/object_store/s3_store.h"
#include "common/stage/measures.h"
#include "stages/staging/load/stored_dumps.h"
#include "stages/store_options.h"

namespace pipeline {
namespace {

constexpr std::chrono::seconds silence_max{5};
constexpr int attempts_max = 2;
// No digits, and patterns of dumps have a date: no dump can be called so.
constexpr std::string_view probe_name = "pipeline-doctor-probe-";
constexpr std::string_view probe_text = "written by `orchestrator doctor`; it may be removed\n";
constexpr std::chrono::hours probe_is_left_after{1};
constexpr std::size_t magic_bytes_max = 4;

struct Compression {
  StoredDump::Format format;
  std::string_view name;
  std::string_view magic;
};

constexpr std::array compressions{
    Compression{StoredDump::Format::text, "not compressed", ""},
    Compression{StoredDump::Format::gzip, "gzip", "\x1f\x8b"},
    Compression{StoredDump::Format::zstd, "zstd", "\x28\xb5\x2f\xfd"},
};

/// A store of the doctor: it gives up soon.
std::unique_ptr<ObjectStore> open_for_doctor(const PipelineConfig& config, PipelineAws& aws) {
  S3Options s3 = store_options(config, aws);
  s3.silence_limit = silence_max;
  s3.retry.attempts_max = attempts_max;
  s3.check_cancelled = [] { throw_if_cancelled(); };
  return open_store(config.source.store, std::move(s3));
}

/// "s3://bucket" of "s3://bucket/prefix".
std::string bucket_url(const std::string& store) {
  constexpr std::size_t scheme_bytes = std::string_view("s3://").size();
  return store.substr(0, store.find('/', scheme_bytes));
}

std::string advice_on_certificate(const PipelineConfig& config) {
  return fmt::format("source.tls.ca in {}: the file of the authority that vouches for the service",
                     config.path);
}

std::string advice_on_store(const PipelineConfig& config, const Error& error,
                            std::string_view action) {
  const std::string& store = config.source.store;
  if (!config.source.s3) {
    return fmt::format(
        "mkdir -p {0} && chown nightly-pipeline {0} (systemd: and a drop-in with "
        "ReadWritePaths={0}), or correct source.store in {1}",
        store, config.path);
  }
  switch (error.kind()) {
    case ErrorKind::access_denied:
      return fmt::format(
          "allow {} on {} to these keys (docs/reference/object-store.md), or give "
          "the right ones: source.credentials in {}",
          action, store, config.path);
    case ErrorKind::config_invalid:
      return fmt::format(
          "make the bucket (aws s3 mb {}), or correct source.store, source.region "
          "and source.endpoint in {}",
          bucket_url(store), config.path);
    default:
      return fmt::format(
          "curl -I {}: does a firewall or a proxy stand between? source.endpoint "
          "and source.region stand in {}",
          config.source.s3->endpoint.empty() ? "https://s3.amazonaws.com"
                                             : config.source.s3->endpoint,
          config.path);
  }
}

/// Of S3: the Date of any answer, also of a refusal.
Finding clock_of_service(const PipelineConfig& config, const S3Options& s3, Clock& clock) {
  const S3Address address = s3_address(config.source.store, s3.endpoint, s3.region, s3.addressing);
  http::Client client({.ca_file = s3.ca_file, .silence_limit = silence_max});
  const auto sent = clock.now();
  const auto answer = client.send({.method = http::Method::head,
                                   .url = address.origin + address.root_path,
                                   .headers = {},
                                   .body = {}});
  const auto came = clock.now();
  const auto there = parse_http_date(answer->header("date"));
  if (!there) {
    return warning(Check::store_clock, "", "the store sends no Date",
                   "date -u, here and on the store's host");
  }
  // The header has whole seconds: half a second is added, and may be wrong by as much.
  const auto half_way = (came - sent) / 2;
  return clock_finding(Check::store_clock, "the store's clock",
                       {.here = sent + half_way,
                        .there = *there + std::chrono::milliseconds(500),
                        .doubt = std::chrono::duration_cast<std::chrono::milliseconds>(half_way) +
                                 std::chrono::milliseconds(500)});
}

class StoreLook {
 public:
  StoreLook(const StageContext& context, PipelineAws& aws, const Tell& tell)
      : config_(context.config), clock_(context.clock), tell_(tell), aws_(aws) {}

  void all() {
    if (config_.source.s3) {
      attempt(Check::store_clock, "s3:ListBucket",
              [&] { tell_(clock_of_service(config_, store_place(config_), clock_)); });
    }
    attempt(Check::store_list, "s3:ListBucket", [&] { list(); });
    attempt(Check::store_read, "s3:GetObject", [&] { read(); });
    attempt(Check::store_write, "s3:PutObject, s3:GetObject and s3:DeleteObject", [&] { write(); });
    if (config_.source.s3) return;
    tell_(clock_of_folder_.value_or(warning(Check::store_clock, "",
                                            "unknown, since no object could be written",
                                            "see the line about writing to the store")));
    tell_(space_finding(Check::free_space, "the store", folder()));
  }

 private:
  void attempt(Check check, std::string_view action, const std::function<void()>& look) {
    try {
      if (given_up_) throw Error(given_up_->kind(), std::string(why_given_up_));
      look();
    } catch (const Error& error) {
      give_up_after(check, error);
      tell_(failure(check, "", error,
                    certificate_ == Certificate::refused
                        ? advice_on_certificate(config_)
                        : advice_on_store(config_, error, action)));
    }
  }

  /// Nobody waits again for who has not answered, nor asks whom the first request was not sent to.
  /// A folder may be listed and not be read; there each action speaks for itself.
  void give_up_after(Check check, const Error& error) {
    // No key was shown yet, so it can only be the certificate.
    if (check == Check::store_clock && error.kind() == ErrorKind::access_denied) {
      certificate_ = Certificate::refused;
    }
    if (check == Check::store_list) list_error_ = error;
    if (given_up_) return;
    const bool silent =
        error.kind() == ErrorKind::unavailable && (config_.source.s3 || check == Check::store_list);
    if (silent) why_given_up_ = "not tried, since the store did not answer before";
    if (certificate_ == Certificate::refused) {
      why_given_up_ = "not tried, since the service's certificate is not to be trusted";
    }
    if (silent || certificate_ == Certificate::refused) given_up_ = error;
  }

  ObjectStore& store() {
    if (!store_) store_ = open_for_doctor(config_, aws_);
    return *store_;
  }

  void list() {
    const auto dumps = list_dumps(store(), dump_places(config_));
    const auto& source = config_.source;
    const std::string where = store().url();
    if (dumps.empty()) {
      tell_(warning(Check::store_list, "",
                    fmt::format("{}: no dump under {} or {} is called as {} says", where,
                                source.prefix, source.processed_prefix, source.object_pattern),
                    fmt::format("deliver one, or correct source.prefix and source.objects in {}",
                                config_.path)));
      return;
    }
    newest_ = dumps.back();
    const auto age = (BusinessDate::at(clock_.now()).days() - newest_->date.days()).count();
    const std::string found = fmt::format("{}: {} dumps, the newest is {} of {}", where,
                                          dumps.size(), newest_->object.key, newest_->date.iso());
    if (age <= 1) {
      tell_(in_order(Check::store_list, "", found));
      return;
    }
    tell_(warning(Check::store_list, "", fmt::format("{}, {} days ago", found, age),
                  fmt::format("ask who delivers why nothing came since; if it did, correct "
                              "source.prefix and source.objects in {}",
                              config_.path)));
  }

  void read() {
    if (list_error_) {
      throw Error(list_error_->kind(), "not tried, since the dumps could not be listed");
    }
    if (!newest_) {
      tell_(
          warning(Check::store_read, "", "there is no dump to read", "see the list of the store"));
      return;
    }
    const std::string& key = newest_->object.key;
    std::array<char, magic_bytes_max> first{};
    const auto source = store().get(key);
    std::size_t count = 0;
    while (count < first.size()) {
      const std::size_t got = source->read(std::span(first).subspan(count));
      if (got == 0) break;
      count += got;
    }
    const std::string_view bytes(first.data(), count);
    const auto& compression =
        *std::ranges::find(compressions, newest_->format(), &Compression::format);
    if (!bytes.starts_with(compression.magic)) {
      tell_(failure(Check::store_read, "", ErrorKind::dump_corrupt,
                    fmt::format("{} is no {}: its first bytes are others", key, compression.name),
                    fmt::format("have it delivered again; file {} tells what it is",
                                key.substr(key.rfind('/') + 1))));
      return;
    }
    tell_(in_order(
        Check::store_read, "",
        fmt::format("{}: {}, {}", key, compression.name, human_bytes(newest_->object.size_bytes))));
  }

  void write() {
    std::vector<std::string> written{write_under(config_.source.processed_prefix)};
    const std::string& quarantine = config_.source.quarantine_prefix;
    if (!quarantine.empty()) written.push_back(write_under(quarantine));
    const std::string found = fmt::format("wrote, read back and removed {}", join(written, ", "));
    tell_(judge_user(found).value_or(in_order(Check::store_write, "", found)));
  }

  /// A folder of dumps may belong to who delivers them: then the state folder tells whether this is
  /// the user that runs the pipeline.
  std::optional<Finding> judge_user(const std::string& found) const {
    if (config_.source.s3) return {};
    const auto runs = owner_of(config_.orchestrator.state_dir);
    if (runs && *runs == ::geteuid()) return {};
    return finding_of_owner(Check::store_write, folder(), found);
  }

  /// A folder of the store that is not there stays so: whoever made it would own it, and the user
  /// that runs the pipeline could not move a dump there. What takes a file takes a folder.
  std::string place_of_probe(const std::string& prefix) const {
    if (config_.source.s3) return prefix;
    std::string place = prefix.substr(0, prefix.rfind('/') + 1);
    const auto is_there = [&] {
      if (place.empty()) return true;
      const std::string path = folder() + "/" + place.substr(0, place.size() - 1);
      std::error_code ignored;
      return std::filesystem::symlink_status(path, ignored).type() !=
             std::filesystem::file_type::not_found;
    };
    if (is_there()) return prefix;
    while (!is_there()) {
      place.pop_back();
      place.resize(place.rfind('/') + 1);
    }
    return place;
  }

  std::string write_under(const std::string& folder) {
    const std::string prefix = place_of_probe(folder) + std::string(probe_name);
    remove_what_was_left(prefix);
    std::string key = prefix + random_letters();
    TextSource source(probe_text);
    const auto before = clock_.now();
    const ObjectInfo written = store().put(key, source);
    const auto after = clock_.now();
    const std::string back = read_back_and_remove(key);
    if (back != probe_text) {
      throw Error(ErrorKind::unavailable, fmt::format("{} came back with other bytes", key));
    }
    if (store().stat(key)) {
      throw Error(ErrorKind::access_denied, fmt::format("{} is still there after removal", key));
    }
    if (config_.source.s3) return key;
    // Of a folder that lies on a server of files, these are two clocks.
    const auto half_way = (after - before) / 2;
    clock_of_folder_ =
        clock_finding(Check::store_clock, "the store's clock",
                      {.here = before + half_way,
                       .there = written.modified,
                       .doubt = std::chrono::duration_cast<std::chrono::milliseconds>(half_way)});
    return key;
  }

  /// It is removed too where it may not be read.
  std::string read_back_and_remove(const std::string& key) {
    std::string back;
    try {
      back = read_all(*store().get(key), 2 * probe_text.size());
    } catch (const Error&) {
      try {
        store().remove(key);
      } catch (const Error&) {  // that it could not be read is what is told
      }
      throw;
    }
    store().remove(key);
    return back;
  }

  /// By a doctor that was ended at the wrong moment.
  void remove_what_was_left(const std::string& prefix) {
    for (const auto& object : store().list(prefix)) {
      if (clock_.now() - object.modified > probe_is_left_after) store().remove(object.key);
    }
  }

  static std::string random_letters() {
    std::random_device random;
    std::uniform_int_distribution<int> letter('a', 'z');
    std::string name(16, 'a');
    for (char& c : name) c = static_cast<char>(letter(random));
    return name;
  }

  std::string folder() const {
    constexpr std::string_view scheme = "file://";
    const std::string& store = config_.source.store;
    return store.starts_with(scheme) ? store.substr(scheme.size()) : store;
  }

  const PipelineConfig& config_;
  Clock& clock_;
  const Tell& tell_;
  PipelineAws& aws_;
  std::unique_ptr<ObjectStore> store_;
  std::optional<StoredDump> newest_;
  std::optional<Finding> clock_of_folder_;
  std::optional<Error> given_up_;
  std::string_view why_given_up_;
  enum class Certificate { not_refused, refused } certificate_ = Certificate::not_refused;
  std::optional<Error> list_error_;
};

}  // namespace

void tell_store(const StageContext& context, PipelineAws& aws, const Tell& tell) {
  StoreLook(context, aws, tell).all();
}

}  // namespace pipeline
