// Makes the schema staging equal to one dump: choose, lock, load beside, judge, publish, archive.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/mariadb/connection.h"
#include "common/object_store/object_store.h"
#include "stages/publish/guard.h"
#include "stages/publish/marker.h"
#include "stages/staging/load/dump_calendar.h"
#include "stages/staging/load/dump_choice.h"
#include "stages/staging/load/dump_manifest.h"
#include "stages/staging/load/load_ledger.h"
#include "stages/staging/load/shadow_loader.h"
#include "stages/staging/load/staging_adoption.h"
#include "stages/staging/load/staging_verification.h"
#include "stages/staging/load/stored_dumps.h"

namespace pipeline {

struct LayerSchema {
  std::string layer;   // for messages
  std::string schema;  // holds the layer's marker
};

struct LoaderOptions {
  std::string schema = "staging";
  DumpPlaces places;
  /// optional: a dump without its last comment is taken if its manifest names the rows of all
  /// tables, or if each of its tables and of those that are live has a min_rows in `floors`.
  dump::DumpReaderOptions::Trailer trailer = dump::DumpReaderOptions::Trailer::required;
  std::chrono::seconds wait_until{};  // JST on the business date
  std::chrono::seconds poll_interval{30};
  std::vector<LayerSchema> layers;  // above staging, in their order
  std::vector<std::string> preserve;
  std::set<std::string> sources;  // tables that a dbt source() names
  std::uint64_t shrink_guard_rows = 1000;
  std::vector<publish::Floor> floors;  // those of other schemas are left to the transformers
  std::string override_guards;         // the reason for loading below a floor; empty: none
  int sessions = 3;                    // that fill tables at once
  /// whole: every table is loaded anew, whatever did not change.
  RouteOptions::Load tables = RouteOptions::Load::changes;
  /// Whether copies of tables that were changed are made anew before they become live.
  FillOptions::Rebuild rebuild = FillOptions::Rebuild::no;
  ConnectionOptions load_account;
  ConnectionOptions publish_account;
  /// Throws to end the work; called often.
  std::function<void()> check_cancelled = [] {};
  /// Told of every session that is opened, so that a signal can end its statement.
  std::function<void(const ConnectionOptions&, std::uint64_t)> session_opened =
      [](const ConnectionOptions&, std::uint64_t) {};
};

struct LoadReport {
  enum class Outcome { loaded, nothing_new, would_load } outcome = Outcome::nothing_new;
  publish::Marker live;  // after it; would_load: without generation
  StoredDump dump;       // loaded, or read by a rehearsal; empty if nothing was
  LoadedDump content;
  std::vector<std::string> kept_empty;
  std::vector<std::string> dropped;  // without rows in the dump, or gone from it: not in staging
  std::vector<BusinessDate> gaps;
  std::string override_reason;
  std::optional<std::string> manifest;  // that agreed with the dump
  std::optional<std::string> archived_as;
  std::chrono::milliseconds load_duration{};
  std::chrono::milliseconds publish_duration{};
};

/// What is live, what lies in the store, what comes next: for `ls` and `check`.
struct StagingState {
  std::optional<publish::Marker> live;
  LiveDates dates;
  std::vector<StoredDump> dumps;
  std::vector<StoredDump> refused;    // that lie in quarantine
  std::vector<BusinessDate> pending;  // dates of dumps newer than the live one
  std::vector<BusinessDate> missing;  // dates between the live one and the last pending one
};

/// One thread at a time.
class StagingLoader {
 public:
  StagingLoader(ObjectStore& store, Clock& clock, LoaderOptions options);

  /// Loads the dump that choose_dump() names, waiting for it until wait_until. Nothing of staging
  /// changes until the one RENAME that publishes all tables and the marker; a process killed at any
  /// moment leaves the old or the new staging, and the next load finishes what is left (journal,
  /// ledger, archive). Errors: dump_not_yet, dump_continuity, dump_freshness, dump_corrupt,
  /// dump_refused, guard_refused, already_running, and those of store and server.
  LoadReport load(const DumpWish& wish, const std::string& run_id);

  /// Reads what load() would load, checks it as far as that is possible without a server that takes
  /// the rows, and says what would come of it. Writes nothing to server or store, takes no lock,
  /// waits for no dump (dump_not_yet) and moves none to quarantine. Errors: those of load().
  LoadReport rehearse(const DumpWish& wish);

  /// Puts the marker of a staging that another system filled, and writes down which of its tables
  /// are the loader's: those that the dump of the date brings (or, where the store lacks it, the
  /// dump nearest to it). No table is written, renamed or copied. Nothing is changed where
  /// something stands against it: `refused` of the answer. Errors: already_running, dump_corrupt,
  /// dump_refused, and those of store and server.
  StagingAdoption adopt(const StagingAdoptionWish& wish, const std::string& run_id);

  /// Loads the dump that is live once more into the shadow and compares every table. Nothing of
  /// staging is changed; the shadow is empty then. Errors: config_invalid if no dump is live;
  /// dump_corrupt if the store holds other bytes now; already_running; those of store and server.
  StagingVerification verify(const std::string& run_id);

  /// Reads only; takes no lock.
  StagingState survey();

  /// What survey() and the ledger know, day by day. Reads only; takes no lock.
  DumpCalendar calendar(const CalendarWish& wish);

  /// Logs in with every account that a load uses and looks at what a load needs: rights on the
  /// shadow, the lock; and whether an account may do more than it needs. Empty: a
  /// load can start.
  std::vector<Error> problems();

 private:
  struct Live {
    std::optional<publish::Marker> marker;
    std::optional<LedgerEntry> entry;
    LiveDates dates;
  };
  struct Loaded {
    LoadedDump content;
    std::string sha256;
    std::uint64_t bytes = 0;
  };

  void require_rights();
  Connection open_loading(Connection& locked, const std::string& run_id);
  Connection open_locked(const std::string& run_id);
  Live read_live(Connection& session);
  std::vector<LayerDate> layer_dates(Connection& session, std::optional<publish::Marker> below);
  std::optional<std::string> archive(const std::string& key, const Live& live);
  LoadReport nothing_new(const Live& live, std::optional<std::string> archived_as);
  LoadReport load_dump(Connection& session, const Live& live, const DumpChoice& choice,
                       const std::string& run_id);
  DumpChoice choose(const DumpWish& wish, const Live& live);
  StoredDump dump_of(const publish::Marker& marker);
  std::string refused_since(std::optional<BusinessDate> live);
  Loaded fill_shadow(Connection& locked, Connection& loading, const Live& live,
                     const StoredDump& dump, const std::string& run_id, RouteOptions::Load tables);
  Loaded pour(Connection& locked, Connection& loading, const StoredDump& dump,
              const std::string& run_id, ShadowLoadOptions options);
  void read_again(std::span<Connection* const> sessions, const StoredDump& dump,
                  ShadowLoadOptions options, Loaded& loaded);
  BaselineWish baseline_wish(Connection& session, const Live& live);
  Loaded read_whole(std::span<Connection* const> sessions, const StoredDump& dump,
                    const ShadowLoadOptions& options);
  std::string reasons(const DumpChoice& choice) const;
  void require_live_tables_plain(Connection& session, const Live& live);
  static void tell_verdicts(const TableVerdicts& verdicts, LoadReport& report);
  Connection open_reading(ConnectionOptions account);
  Live peek_live(Connection& session);
  Error put_in_quarantine(Error refusal, const StoredDump& dump, const std::string& run_id);
  void require_fresh(Connection& session, const Loaded& loaded, const DumpChoice& choice);
  std::vector<std::string> live_relations(Connection& session);
  KeepReasons keep_reasons(Connection& session, const std::vector<std::string>& without_rows);
  TableVerdicts judge(Connection& session, const Live& live, const LoadedDump& content);
  void prepare_candidates(Connection& loading, const TableVerdicts& verdicts);
  void publish_staging(Connection& session, const Live& live, const publish::Marker& marker,
                       const TableVerdicts& verdicts, const LoadedDump& content);
  void require_manifest_agrees(const DumpManifest& manifest, const Loaded& loaded,
                               const StoredDump& dump);
  void require_known_end(const Loaded& loaded, const Live& live, const StoredDump& dump,
                         const std::optional<DumpManifest>& manifest);
  bool lacks_manifest(const StoredDump& dump);
  void wait_or_give_up(const DumpWish& wish, std::optional<BusinessDate> live,
                       const std::optional<StoredDump>& unfinished);

  ObjectStore& store_;
  Clock& clock_;
  LoaderOptions options_;
  std::string shadow_;
};

}  // namespace pipeline
