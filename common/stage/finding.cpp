#include "common/stage/finding.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include <fmt/core.h>

#include "common/base/secret.h"

namespace pipeline {
namespace {

using enum Check;

constexpr std::string_view on_configuration = "configuration";
constexpr std::string_view on_programs = "programs";
constexpr std::string_view on_project = "project";
constexpr std::string_view on_host = "host";
constexpr std::string_view on_systemd = "systemd";
constexpr std::string_view on_identity = "identity";
constexpr std::string_view on_store = "store";
constexpr std::string_view on_accounts = "accounts";
constexpr std::string_view on_server = "server";

constexpr std::array entries{
    CheckEntry{config_file, "config-file", on_configuration, "configuration",
               "pipeline.yaml can be read and every key of it is known. Nothing else can be looked "
               "at without it, but this host and the programs.",
               "", "it cannot be read, or something in it is wrong"},
    CheckEntry{config_permissions, "config-permissions", on_configuration, "permissions",
               "Who may write pipeline.yaml decides what is started here; who may read the files "
               "with passwords has the warehouse.",
               "pipeline.yaml can be written, or a file with a password or key be read, by every "
               "user of this host",
               ""},
    CheckEntry{state_machine, "state-machine", on_configuration, "state machine",
               "The definition is valid, and every stage, command and channel that it names is "
               "there.",
               "the definition has parts that are read and not heard",
               "`orchestrator validate` finds an error"},
    CheckEntry{
        alert_channel, "alert-channel", on_configuration, "alert channel",
        "The program of a channel that the state machine names can be started; of another one "
        "secret and `ca_file` can be read, and the secret can be the URL or header that it should "
        "be. Nothing is sent, and nothing asked of Secrets Manager: the line names a secret that "
        "lies there as not looked at.",
        "the state machine names no channel, so that nobody hears of a failed run",
        "its program may not be started, its secret or `ca_file` not be read, or no request be "
        "made of the secret"},
    CheckEntry{program, "program", on_programs, "program",
               "The four programs can be started and are of one version: they share formats.",
               "`orchestrator.stages` names a program that tells no version",
               "it cannot be started, or is of another version than the orchestrator"},
    CheckEntry{dbt_project, "dbt-project", on_project, "dbt project",
               "The project is parsed as a run would parse it: YAML, Jinja, refs, sources, "
               "selections of the layers.",
               "", "a run would refuse it"},
    CheckEntry{state_folder, "state-folder", on_host, "state folder",
               "History, logs and results are written to `orchestrator.state_dir`; a file is "
               "written there and removed.",
               "it is not there yet; the first run makes it; or it belongs to another user than "
               "the one who asks",
               "it takes no file"},
    CheckEntry{free_space, "free-space", on_host, "free space of",
               "A full disk ends a run; of the folders of this host that the pipeline writes to.",
               "less than 5 GiB or less than 10 % are free", "less than 1 GiB is free"},
    CheckEntry{host_clock, "host-clock", on_host, "clock of this host",
               "The kernel says whether something keeps the clock right. Signatures of S3 and the "
               "date of today hang on it.",
               "nothing does, or the kernel does not say", ""},
    CheckEntry{host_time_zone, "host-time-zone", on_host, "time zone of this host",
               "The zone of the host decides nothing: dates are those of Tokyo. But the timer "
               "names Asia/Tokyo, and that is looked up in the host's time zone database.",
               "the database has no Asia/Tokyo", ""},
    CheckEntry{systemd_unit, "systemd-unit", on_systemd, "unit",
               "The units are installed, systemd understands them, the timer is enabled and the "
               "last run did not fail.",
               "no systemd runs here, or one of these is not so", ""},
    CheckEntry{aws_identity, "aws-identity", on_identity, "AWS identity",
               "STS says whose keys these are (GetCallerIdentity, which needs no right); they must "
               "be those of `aws.account`.",
               "`aws.account` is not given, so that keys of any account are taken",
               "there are no keys, STS refuses them, or they are those of another account"},
    CheckEntry{store_list, "store-list", on_store, "list of the store",
               "The dumps under `source.prefix` and `source.processed`.",
               "there is no dump, or the newest is older than yesterday",
               "the store cannot be reached or may not be listed"},
    CheckEntry{store_read, "store-read", on_store, "read from the store",
               "The first bytes of the newest dump, which tell whether it is gzip or zstd.",
               "there is no dump to read", "it may not be read, or is not what its name says"},
    CheckEntry{
        store_write, "store-write", on_store, "write to the store",
        "A small object is written under `source.processed` and `source.quarantine`, read back "
        "and removed; its name can be that of no dump. Dumps are moved there. A folder that is not "
        "there is not made: the folder above it is tried.",
        "the folder of the store belongs to another user than the one who asks, and the state "
        "folder is not that user's either",
        "one of the three is refused, or other bytes come back"},
    CheckEntry{store_clock, "store-clock", on_store, "clock of the store",
               "The store's clock (its Date header; of a folder, the time of a file written now) "
               "against this host's. S3 refuses requests that are 15 minutes off.",
               "they differ by more than 30 s, or the store does not tell",
               "they differ by more than 5 minutes, or it does not answer"},
    CheckEntry{login, "login", on_accounts, "login of",
               "Each account of `warehouse.accounts` that a run uses logs in, as a run does.", "",
               "its password cannot be read or is refused, or the server does not answer"},
    CheckEntry{grants, "grants", on_accounts, "rights of",
               "Each right that a run will need is tried on tables that are not there; nothing is "
               "changed.",
               "", "a right, a schema or a table of the records is missing"},
    CheckEntry{no_excess, "no-excess", on_accounts, "no more rights of",
               "An account that may do more than it needs can destroy what it should only read.",
               "", "it has such a right; a run does not begin then"},
    CheckEntry{vault, "vault", on_accounts, "vault for",
               "Rights, tables and columns of the vault, if `vault` stands in pipeline.yaml.", "",
               "something is not as a run needs it"},
    CheckEntry{consumers, "consumers", on_accounts, "login where consumers read",
               "If `warehouse.consumers_endpoint` is given: its account logs in there after each "
               "publish, and must meet the warehouse that is written.",
               "", "it cannot log in there, or meets another warehouse"},
    CheckEntry{warehouse_identity, "warehouse-identity", on_server, "warehouse",
               "The server holds the fingerprint of the warehouse that this host met first, or "
               "that `warehouse.fingerprint` names. Nothing is recorded.",
               "this host has met none yet", "it is another one"},
    CheckEntry{server_version, "server-version", on_server, "version of the server",
               "Before MariaDB 10.6 and MySQL 8.0 a RENAME of several tables is not atomic in a "
               "crash.",
               "it is no MariaDB; what is claimed for others was not tried",
               "it is older, or no account could ask"},
    CheckEntry{server_tls, "server-tls", on_server, "TLS",
               "Over TCP passwords and data travel encrypted, to a server whose certificate is "
               "verified. A unix socket needs none.",
               "`insecure_plaintext` to this very host", "`insecure_plaintext` over a network"},
    CheckEntry{takes_writes, "takes-writes", on_server, "takes writes",
               "A replica or a read-only server is not where a pipeline writes.", "",
               "it is read-only, or copies another server's changes"},
    CheckEntry{server_clock, "server-clock", on_server, "clock of the server",
               "The server's clock against this host's, less the way there and back. Backups, "
               "journal and ledger carry its time.",
               "they differ by more than 30 s", "they differ by more than 5 minutes"},
    CheckEntry{server_time_zone, "server-time-zone", on_server, "time zone of the server",
               "Every session of the pipeline sets its own zone, so this decides nothing; it tells "
               "what others see who do not.",
               "", ""},
    CheckEntry{named_time_zones, "named-time-zones", on_server, "named time zones",
               "The pipeline itself names zones by offset. CONVERT_TZ with names, which a dbt "
               "project may use, gives NULL without an error where they are not loaded.",
               "they are not loaded", ""},
    CheckEntry{session_clock, "session-clock", on_server, "clock of a session",
               "Models are run with the session's clock on the business date (SET timestamp).", "",
               "the server does not let a session set its clock"},
    CheckEntry{local_infile, "local-infile", on_server, "local_infile",
               "The loader sends rows by LOAD DATA LOCAL, or by INSERTs, which takes longer.",
               "it is off", ""},
    CheckEntry{letter_case, "letter-case", on_server, "lower_case_table_names",
               "The loader tells tables apart by letter case.", "", "it is not 0"},
    CheckEntry{sql_mode, "sql-mode", on_server, "sql_mode",
               "Models run under the server's own, but for modes of other quotes; a dump that sets "
               "none is read under it.",
               "ANSI_QUOTES, NO_BACKSLASH_ESCAPES, EMPTY_STRING_IS_NULL or a mode that holds one, "
               "such as ORACLE: the load of a dump that sets none ends with "
               "Pipeline.WrongDatabase, and the dump stays; or no STRICT_TRANS_TABLES: a value of "
               "a model that does not fit is cut without an error",
               ""},
    CheckEntry{packet_size, "packet-size", on_server, "max_allowed_packet",
               "No row and no statement of a model can be larger.", "it is under 16 MiB", ""},
    CheckEntry{statement_limit, "statement-limit", on_server, "limit of a statement",
               "A limit of the server (max_statement_time, max_execution_time) ends models and "
               "loads that run longer.",
               "there is one", ""},
    CheckEntry{binlog_format, "binlog-format", on_server, "binlog_format",
               "Sessions are READ COMMITTED, under which InnoDB refuses to write where the binary "
               "log holds statements.",
               "", "the binary log is on and its format is STATEMENT"},
    CheckEntry{durability, "durability", on_server, "durability",
               "innodb_flush_log_at_trx_commit and, with a binary log, sync_binlog: whether what "
               "was committed survives a crash of the server's host.",
               "one of them is not 1: about the last second can be lost, replicas can differ", ""},
    CheckEntry{file_per_table, "file-per-table", on_server, "innodb_file_per_table",
               "Candidates are made and dropped every night; without it their room is never given "
               "back to the disk.",
               "it is off", ""},
    CheckEntry{server_disk, "server-disk", on_server, "disk of the server",
               "The free room at the server's datadir, where it lies on this host.",
               "less than 5 GiB or 10 % are free; or it lies elsewhere, where a client cannot see "
               "it",
               "less than 1 GiB is free"},
};

constexpr std::array verdict_words{std::string_view{"ok"}, std::string_view{"warn"},
                                   std::string_view{"fail"}};

Verdict verdict_of(const std::string& word) {
  const auto* const found = std::ranges::find(verdict_words, word);
  if (found == verdict_words.end()) {
    throw Error(ErrorKind::config_invalid, fmt::format("\"{}\" is no verdict", word));
  }
  return static_cast<Verdict>(found - verdict_words.begin());
}

}  // namespace

std::span<const CheckEntry> checks() {
  return entries;
}

const CheckEntry& entry_of(Check check) {
  return entries.at(static_cast<std::size_t>(check));
}

const CheckEntry* find_check(std::string_view id) {
  const auto* const found = std::ranges::find(entries, id, &CheckEntry::id);
  return found == entries.end() ? nullptr : found;
}

std::string_view word_of(Verdict verdict) {
  return verdict_words.at(static_cast<std::size_t>(verdict));
}

std::string Finding::name() const {
  const std::string_view of_check = entry_of(check).name;
  return about.empty() ? std::string(of_check) : fmt::format("{} {}", of_check, about);
}

Finding in_order(Check check, std::string about, std::string found) {
  return {.check = check,
          .about = std::move(about),
          .verdict = Verdict::ok,
          .found = std::move(found),
          .advice = "",
          .kind = {}};
}

Finding warning(Check check, std::string about, std::string found, std::string advice) {
  return {.check = check,
          .about = std::move(about),
          .verdict = Verdict::warn,
          .found = std::move(found),
          .advice = std::move(advice),
          .kind = {}};
}

Finding failure(Check check, std::string about, const Error& error, std::string advice) {
  return failure(check, std::move(about), error.kind(), error.message(), std::move(advice));
}

Finding failure(Check check, std::string about, ErrorKind kind, std::string found,
                std::string advice) {
  return {.check = check,
          .about = std::move(about),
          .verdict = Verdict::fail,
          .found = std::move(found),
          .advice = std::move(advice),
          .kind = kind};
}

Json to_json(const Finding& finding) {
  const CheckEntry& entry = entry_of(finding.check);
  Json json = Json::object();
  json.set("check", entry.id);
  json.set("group", entry.group);
  json.set("name", redact(finding.name()));
  json.set("about", redact(finding.about));
  json.set("verdict", word_of(finding.verdict));
  json.set("found", redact(finding.found));
  json.set("advice", redact(finding.advice));
  json.set("error", finding.kind ? Json(entry_of(*finding.kind).name) : Json());
  return json;
}

Finding finding_from_json(const Json& document) {
  const std::string& id = document.at("check").as_string();
  const CheckEntry* entry = find_check(id);
  if (entry == nullptr) {
    throw Error(ErrorKind::config_invalid, fmt::format("\"{}\" is no check", id));
  }
  Finding finding{.check = entry->check,
                  .about = document.at("about").as_string(),
                  .verdict = verdict_of(document.at("verdict").as_string()),
                  .found = document.at("found").as_string(),
                  .advice = document.at("advice").as_string(),
                  .kind = {}};
  if (const Json& error = document.at("error"); !error.is_null()) {
    const ErrorKindEntry* kind = find_error_kind(error.as_string());
    if (kind == nullptr) {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("\"{}\" is the name of no error", error.as_string()));
    }
    finding.kind = kind->kind;
  }
  return finding;
}

Tell tell_as_lines() {
  return [](const Finding& finding) {
    const std::string line = to_json(finding).dump() + "\n";
    std::fputs(line.c_str(), stdout);
    std::fflush(stdout);
  };
}

}  // namespace pipeline
