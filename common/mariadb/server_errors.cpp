// The numbers are stable across MariaDB and MySQL where both have them; from 1900 (MariaDB) and
// 3000 (MySQL) on, each family has its own. Sources: mariadb.com/kb "MariaDB Error Codes";
// MySQL 8.0 Server and Client Error Message References; errmsg.h of Connector/C 3.3 for 2000 and
// 5000.
#include "common/mariadb/server_errors.h"

#include <algorithm>
#include <array>

namespace pipeline {
namespace {

struct NumberAndKind {
  unsigned int number;
  ErrorKind kind;
};

/// In the order of the numbers.
constexpr std::array errno_table = {
    NumberAndKind{3, ErrorKind::resource_exhausted},   // EE_WRITE: error writing file (disk full)
    NumberAndKind{20, ErrorKind::resource_exhausted},  // EE_DISK_FULL: disk full, waiting
    NumberAndKind{1020, ErrorKind::lock_contention},   // ER_CHECKREAD: row changed since last read
    NumberAndKind{1021, ErrorKind::resource_exhausted},  // ER_DISK_FULL
    NumberAndKind{1026, ErrorKind::resource_exhausted},  // ER_ERROR_ON_WRITE: error writing file
    NumberAndKind{1037, ErrorKind::resource_exhausted},  // ER_OUTOFMEMORY
    NumberAndKind{1038, ErrorKind::resource_exhausted},  // ER_OUT_OF_SORTMEMORY
    NumberAndKind{1040, ErrorKind::unavailable},         // ER_CON_COUNT_ERROR: too many connections
    NumberAndKind{1041, ErrorKind::resource_exhausted},  // ER_OUT_OF_RESOURCES
    NumberAndKind{1042, ErrorKind::unavailable},         // ER_BAD_HOST_ERROR: cannot get host name
    NumberAndKind{1043, ErrorKind::unavailable},         // ER_HANDSHAKE_ERROR
    NumberAndKind{1044, ErrorKind::access_denied},       // ER_DBACCESS_DENIED_ERROR
    NumberAndKind{1045, ErrorKind::access_denied},       // ER_ACCESS_DENIED_ERROR
    NumberAndKind{1053, ErrorKind::unavailable},         // ER_SERVER_SHUTDOWN
    NumberAndKind{1077, ErrorKind::unavailable},         // ER_NORMAL_SHUTDOWN
    NumberAndKind{1079, ErrorKind::unavailable},         // ER_SHUTDOWN_COMPLETE
    NumberAndKind{1095, ErrorKind::access_denied},       // ER_KILL_DENIED_ERROR: not our session
    NumberAndKind{1114, ErrorKind::resource_exhausted},  // ER_RECORD_FILE_FULL: the table is full
    NumberAndKind{1129, ErrorKind::access_denied},       // ER_HOST_IS_BLOCKED: FLUSH HOSTS needed
    NumberAndKind{1130, ErrorKind::access_denied},       // ER_HOST_NOT_PRIVILEGED
    NumberAndKind{1135, ErrorKind::resource_exhausted},  // ER_CANT_CREATE_THREAD
    NumberAndKind{1142, ErrorKind::access_denied},       // ER_TABLEACCESS_DENIED_ERROR
    NumberAndKind{1143, ErrorKind::access_denied},       // ER_COLUMNACCESS_DENIED_ERROR
    NumberAndKind{1152, ErrorKind::unavailable},         // ER_ABORTING_CONNECTION
    NumberAndKind{1153, ErrorKind::resource_exhausted},  // ER_NET_PACKET_TOO_LARGE
    NumberAndKind{1158, ErrorKind::unavailable},         // ER_NET_READ_ERROR
    NumberAndKind{1159, ErrorKind::unavailable},         // ER_NET_READ_INTERRUPTED
    NumberAndKind{1160, ErrorKind::unavailable},         // ER_NET_ERROR_ON_WRITE
    NumberAndKind{1161, ErrorKind::unavailable},         // ER_NET_WRITE_INTERRUPTED
    NumberAndKind{1184, ErrorKind::unavailable},         // ER_NEW_ABORTING_CONNECTION
    NumberAndKind{1203, ErrorKind::unavailable},         // ER_TOO_MANY_USER_CONNECTIONS
    NumberAndKind{1205, ErrorKind::lock_contention},     // ER_LOCK_WAIT_TIMEOUT: rows or metadata
    NumberAndKind{1206, ErrorKind::resource_exhausted},  // ER_LOCK_TABLE_FULL
    NumberAndKind{1213, ErrorKind::lock_contention},     // ER_LOCK_DEADLOCK
    NumberAndKind{1223, ErrorKind::lock_contention},     // ER_CANT_UPDATE_WITH_READLOCK
    NumberAndKind{1226, ErrorKind::unavailable},         // ER_USER_LIMIT_REACHED
    NumberAndKind{1227, ErrorKind::access_denied},       // ER_SPECIFIC_ACCESS_DENIED_ERROR
    NumberAndKind{1251, ErrorKind::access_denied},       // ER_NOT_SUPPORTED_AUTH_MODE
    NumberAndKind{1290, ErrorKind::wrong_database},      // ER_OPTION_PREVENTS_STATEMENT: read-only
    NumberAndKind{1317, ErrorKind::cancelled},           // ER_QUERY_INTERRUPTED: KILL QUERY
    NumberAndKind{1370, ErrorKind::access_denied},       // ER_PROCACCESS_DENIED_ERROR
    NumberAndKind{1410, ErrorKind::access_denied},       // ER_CANT_CREATE_USER_WITH_GRANT
    NumberAndKind{1412, ErrorKind::lock_contention},     // ER_TABLE_DEF_CHANGED: retry transaction
    NumberAndKind{1637, ErrorKind::resource_exhausted},  // ER_TOO_MANY_CONCURRENT_TRXS
    NumberAndKind{1689, ErrorKind::lock_contention},     // ER_LOCK_ABORTED
    NumberAndKind{1698, ErrorKind::access_denied},       // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
    NumberAndKind{1820, ErrorKind::access_denied},       // ER_MUST_CHANGE_PASSWORD
    NumberAndKind{1836, ErrorKind::wrong_database},      // ER_READ_ONLY_MODE
    NumberAndKind{1862, ErrorKind::access_denied},       // ER_MUST_CHANGE_PASSWORD_LOGIN
    NumberAndKind{1878, ErrorKind::resource_exhausted},  // ER_TEMP_FILE_WRITE_FAILURE
    NumberAndKind{1927, ErrorKind::unavailable},         // MariaDB ER_CONNECTION_KILLED
    NumberAndKind{1969, ErrorKind::timed_out},           // MariaDB ER_STATEMENT_TIMEOUT
    NumberAndKind{2001, ErrorKind::unavailable},         // CR_SOCKET_CREATE_ERROR
    NumberAndKind{2002, ErrorKind::unavailable},         // CR_CONNECTION_ERROR: the socket
    NumberAndKind{2003, ErrorKind::unavailable},         // CR_CONN_HOST_ERROR: TCP
    NumberAndKind{2004, ErrorKind::unavailable},         // CR_IPSOCK_ERROR
    NumberAndKind{2005, ErrorKind::unavailable},         // CR_UNKNOWN_HOST: DNS, also in fail-over
    NumberAndKind{2006, ErrorKind::unavailable},         // CR_SERVER_GONE_ERROR
    NumberAndKind{2008, ErrorKind::resource_exhausted},  // CR_OUT_OF_MEMORY
    NumberAndKind{2012, ErrorKind::unavailable},         // CR_SERVER_HANDSHAKE_ERR
    NumberAndKind{2013, ErrorKind::unavailable},         // CR_SERVER_LOST
    NumberAndKind{2014, ErrorKind::internal},            // CR_COMMANDS_OUT_OF_SYNC: our mistake
    NumberAndKind{2020, ErrorKind::resource_exhausted},  // CR_NET_PACKET_TOO_LARGE
    NumberAndKind{2026, ErrorKind::wrong_database},      // CR_SSL_CONNECTION_ERROR: not the server
    NumberAndKind{2027, ErrorKind::unavailable},         // CR_MALFORMED_PACKET
    NumberAndKind{2049, ErrorKind::access_denied},       // CR_SECURE_AUTH
    NumberAndKind{2055, ErrorKind::unavailable},         // CR_SERVER_LOST_EXTENDED
    NumberAndKind{2058, ErrorKind::internal},            // CR_ALREADY_CONNECTED
    NumberAndKind{2059, ErrorKind::access_denied},       // CR_AUTH_PLUGIN_CANNOT_LOAD
    NumberAndKind{2061, ErrorKind::access_denied},       // CR_AUTH_PLUGIN_ERR
    NumberAndKind{3024, ErrorKind::timed_out},           // MySQL ER_QUERY_TIMEOUT
    NumberAndKind{3118, ErrorKind::access_denied},       // MySQL ER_ACCOUNT_HAS_BEEN_LOCKED
    NumberAndKind{3169, ErrorKind::unavailable},         // MySQL ER_SESSION_WAS_KILLED
    NumberAndKind{3572, ErrorKind::lock_contention},     // MySQL ER_LOCK_NOWAIT
    NumberAndKind{3955, ErrorKind::access_denied},       // MySQL ER_USER_ACCESS_DENIED_FOR_..LOCKED
    NumberAndKind{4031, ErrorKind::unavailable},         // MySQL ER_CLIENT_INTERACTION_TIMEOUT
    NumberAndKind{4151, ErrorKind::access_denied},       // MariaDB ER_ACCOUNT_HAS_BEEN_LOCKED
    NumberAndKind{5010, ErrorKind::access_denied},  // CR_PLUGIN_NOT_ALLOWED: see connection.cpp
    NumberAndKind{5012, ErrorKind::access_denied},  // CR_ERR_LOAD_PLUGIN
    NumberAndKind{5013, ErrorKind::unavailable},    // CR_ERR_NET_READ
    NumberAndKind{5014, ErrorKind::unavailable},    // CR_ERR_NET_WRITE
};

constexpr bool by_number(const NumberAndKind& left, const NumberAndKind& right) {
  return left.number < right.number;
}

static_assert(std::is_sorted(errno_table.begin(), errno_table.end(), by_number));

}  // namespace

ErrorKind kind_of_server_error(unsigned int error_number) {
  const auto* const found =
      std::lower_bound(errno_table.begin(), errno_table.end(),
                       NumberAndKind{error_number, ErrorKind::internal}, by_number);
  const bool known = found != errno_table.end() && found->number == error_number;
  return known ? found->kind : ErrorKind::sql_rejected;
}

}  // namespace pipeline
