#include "stages/warehouse/account_options.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/credentials/account_login.h"
#include "stages/warehouse/target.h"

namespace pipeline {

ConnectionOptions account_options(const PipelineConfig& config, std::string_view account) {
  const auto& warehouse = config.warehouse;
  const auto found = warehouse.accounts.find(std::string(account));
  if (found == warehouse.accounts.end()) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{}: warehouse.accounts has no account \"{}\"", config.path, account));
  }
  ConnectionOptions options;
  options.endpoint.socket = warehouse.socket;
  options.endpoint.host = warehouse.host;
  options.endpoint.port = warehouse.port;
  options.endpoint.tls.ca_file = warehouse.tls_ca;
  options.endpoint.tls.mode = warehouse.tls == WarehouseConfig::Tls::verify
                                  ? TlsOptions::Mode::verify
                                  : TlsOptions::Mode::insecure_plaintext;
  options.endpoint.replica = warehouse.replica == WarehouseConfig::Replica::allowed
                                 ? Endpoint::Replica::allowed
                                 : Endpoint::Replica::refused;
  options.require_fit = require_known_target(config);
  options.account = account_login(config, found->first);
  return options;
}

}  // namespace pipeline
