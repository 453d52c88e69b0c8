// Server and client error numbers as our kinds of errors.
#pragma once

#include "common/base/exit_code.h"

namespace pipeline {

/// The kind of a MySQL/MariaDB error number. Unknown numbers are sql_rejected: the server answered
/// and did not do what was asked.
ErrorKind kind_of_server_error(unsigned int error_number);

}  // namespace pipeline
